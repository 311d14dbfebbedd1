/** The gaps of what the timeline shows, as text. */

import { Button, formatSeconds, formatTime } from "../ui";
import type { Gap } from "./footage";
import type { Layer } from "./layers";
import { gapText } from "./notices";
import css from "./playback.module.css";
import type { View } from "./view";

const MOST = 100;
const LEAD_MS = 5_000;

export interface CameraGap {
  readonly camera: string;
  readonly gap: Gap;
}

/** The gaps in a view in order of time, by the finest layer. */
export function gapsIn(
  layers: readonly Layer[],
  cameras: readonly string[],
  { startMs, endMs }: View,
): CameraGap[] {
  const finest = layers.findLast((layer) => layer.startMs <= startMs && layer.endMs >= endMs);
  const layer = finest ?? layers.at(-1);
  const found = cameras.flatMap((camera) => {
    const gaps = layer?.footage.get(camera)?.gapsIn(startMs, endMs) ?? [];
    return gaps.map((gap) => ({ camera, gap }));
  });
  return found.sort((a, b) => a.gap.startMs - b.gap.startMs);
}

export interface GapListProps {
  gaps: readonly CameraGap[];
  nameOf(camera: string): string;
  onSeek(ms: number): void;
}

export function GapList({ gaps, nameOf, onSeek }: GapListProps) {
  return (
    <details className={css.gaps}>
      <summary>
        {gaps.length === 0
          ? "No gaps in this range"
          : `${gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`} in this range`}
      </summary>
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
    </details>
  );
}
