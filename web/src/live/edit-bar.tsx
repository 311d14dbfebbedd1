/** Stands above the tiles while a layout is arranged. */

import { Trash2 } from "lucide-react";
import { useState } from "react";
import type { Camera } from "../api/cameras";
import { messageOf } from "../api/errors";
import { Button, IconButton, Select, TextField, toast } from "../ui";
import { inReadingOrder, type Layout, MOST_COLUMNS, withCamera, withColumns } from "./layout";
import { MOST_NAME, nameProblem, useDeleteLayout, useSaveLayout } from "./layouts-api";
import css from "./live.module.css";
import { inWallOrder } from "./order";

export interface Draft {
  layout: Layout;
  name: string;
  /** It is a change of a layout that is saved already. */
  isSaved: boolean;
}

export interface EditBarProps {
  draft: Draft;
  cameras: readonly Camera[];
  /** Names that are taken by other layouts. */
  taken: readonly string[];
  onChange(draft: Draft): void;
  onDone(saved: string | null): void;
}

export function EditBar({ draft, cameras, taken, onChange, onDone }: EditBarProps) {
  const save = useSaveLayout();
  const remove = useDeleteLayout();
  const [isAsking, setAsking] = useState(false);
  const { layout, isSaved } = draft;
  const name = draft.name.trim();
  const isNamed = name !== "" && nameProblem(name) === null;
  const shown = new Set(layout.tiles.map(({ camera_id }) => camera_id));
  const others = inWallOrder(cameras.filter(({ camera_id }) => !shown.has(camera_id)));
  const change = (changed: Layout) => onChange({ ...draft, layout: changed });
  const submit = async () => {
    // tiles are reached by Tab in the order in which they are kept
    const kept = { columns: layout.columns, tiles: inReadingOrder(layout) };
    try {
      await save.mutateAsync({ name, layout: kept });
      onDone(name);
    } catch (error) {
      toast(messageOf(error), "bad");
    }
  };
  const forget = async () => {
    try {
      await remove.mutateAsync(name);
      toast(`The layout “${name}” is deleted.`);
      onDone(null);
    } catch (error) {
      toast(messageOf(error), "bad");
    }
  };
  return (
    <form
      className={css.edit}
      aria-label="Arrange tiles"
      onSubmit={(event) => {
        event.preventDefault();
        if (isNamed) void submit();
      }}
    >
      <TextField
        label="Name of the layout"
        value={draft.name}
        onChange={(text) => onChange({ ...draft, name: text })}
        maxLength={MOST_NAME}
        validate={(text) => nameProblem(text.trim())}
        validationBehavior="aria"
        isRequired
        isReadOnly={isSaved}
        autoFocus={!isSaved}
        hint={taken.includes(name) ? "Replaces the layout of this name" : undefined}
        className={css.name ?? ""}
      />
      <Select
        label="Columns"
        options={COLUMNS}
        value={String(layout.columns)}
        onChange={(id) => change(withColumns(layout, Number(id)))}
        className={css.columns ?? ""}
      />
      <Select
        label="Add a camera"
        placeholder={others.length === 0 ? "All are there" : "Choose…"}
        isDisabled={others.length === 0}
        options={others.map((camera) => ({ id: camera.camera_id, label: camera.name }))}
        value={null}
        onChange={(id) => change(withCamera(layout, id))}
        className={css.add ?? ""}
      />
      <div className={css.right}>
        {isSaved && !isAsking && (
          <IconButton label={`Delete the layout ${name}`} onPress={() => setAsking(true)}>
            <Trash2 size={18} aria-hidden />
          </IconButton>
        )}
        {isAsking && (
          <Button kind="danger" onPress={() => void forget()} isPending={remove.isPending}>
            Delete “{name}”
          </Button>
        )}
        <Button onPress={() => onDone(null)}>Cancel</Button>
        <Button type="submit" kind="primary" isDisabled={!isNamed} isPending={save.isPending}>
          Save
        </Button>
      </div>
      <p className={css.hint}>
        Drag tiles to move them and their corner to resize them; or focus a tile: arrows move it,
        Shift and arrows resize it, Delete removes it.
      </p>
    </form>
  );
}

const COLUMNS = Array.from({ length: MOST_COLUMNS }, (_, at) => ({
  id: String(at + 1),
  label: String(at + 1),
}));
