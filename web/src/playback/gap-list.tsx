/** The gaps of what the timeline shows, as text. */

import { useState } from "react";
import { Button, formatSeconds, formatTime } from "../ui";
import { gapText } from "../words";
import type { CameraGap } from "./layers";
import css from "./playback.module.css";

const MOST = 100;
const LEAD_MS = 5_000;

export interface GapListProps {
  gaps: readonly CameraGap[];
  nameOf(camera: string): string;
  onSeek(ms: number): void;
}

export function GapList({ gaps, nameOf, onSeek }: GapListProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={css.gaps} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {gaps.length === 0
          ? "No gaps in this range"
          : `${gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`} in this range`}
      </summary>
      {isOpen && <Gaps {...{ gaps, nameOf, onSeek }} />}
    </details>
  );
}

function Gaps({ gaps, nameOf, onSeek }: GapListProps) {
  return (
    <>
      <ul>
        {gaps.slice(0, MOST).map(({ camera, gap }) => (
          <li key={`${camera} ${gap.startMs}`}>
            <Button kind="quiet" onPress={() => onSeek(gap.startMs - LEAD_MS)}>
              {formatTime(new Date(gap.startMs), "second")}
            </Button>
            <span>
              {nameOf(camera)}: {formatSeconds((gap.endMs - gap.startMs) / 1000)}, {gapText(gap)}
            </span>
          </li>
        ))}
      </ul>
      {gaps.length > MOST && <p className={css.dim}>Zoom in to list the others.</p>}
    </>
  );
}
