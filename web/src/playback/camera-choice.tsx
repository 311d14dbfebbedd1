/** Which cameras are played: up to nine at once. */

import { Cctv } from "lucide-react";
import { useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { Camera } from "../api/cameras";
import { Button, Checkbox, SearchField } from "../ui";
import { MOST_CAMERAS } from "./address";
import css from "./camera-choice.module.css";

export interface CameraChoiceProps {
  all: readonly Camera[];
  chosen: readonly string[];
  onChange(cameras: readonly string[]): void;
}

/** The search is worth its room from here on. */
const MANY = 8;

export function CameraChoice({ all, chosen, onChange }: CameraChoiceProps) {
  const [text, setText] = useState("");
  const only = chosen.length === 1 ? all.find(({ camera_id }) => camera_id === chosen[0]) : null;
  const found = all.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()));
  const label = only?.name ?? `${chosen.length} cameras`;
  const isFull = chosen.length >= MOST_CAMERAS;
  const choose = (camera: string, isChosen: boolean) =>
    onChange(isChosen ? [...chosen, camera] : chosen.filter((each) => each !== camera));
  return (
    <DialogTrigger>
      <Button aria-label={`Choose cameras; now ${label}`} className={css.choice}>
        <Cctv size={18} aria-hidden />
        <span>{label}</span>
      </Button>
      <Popover className={css.popover ?? ""} placement="bottom start">
        <Dialog className={css.dialog ?? ""} aria-label="Choose cameras">
          {all.length > MANY && (
            <SearchField label="Search cameras" value={text} onChange={setText} />
          )}
          <ul className={css.list}>
            {found.map(({ camera_id, name }) => {
              const isChosen = chosen.includes(camera_id);
              return (
                <li key={camera_id}>
                  <Checkbox
                    isSelected={isChosen}
                    isDisabled={isChosen ? chosen.length === 1 : isFull}
                    onChange={(value) => choose(camera_id, value)}
                  >
                    {name}
                  </Checkbox>
                  <Button
                    kind="quiet"
                    aria-label={`Only ${name}`}
                    onPress={() => onChange([camera_id])}
                  >
                    Only
                  </Button>
                </li>
              );
            })}
          </ul>
          {found.length === 0 && <p className={css.dim}>No camera has this name.</p>}
          {isFull && <p className={css.dim}>Nine cameras play at once.</p>}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
