/** What of the session is shown; rendered a few times a second. */

import type { ScreenState } from "./camera-player";
import type { Notice } from "./skip-teller";

export interface Snapshot {
  readonly wallMs: number;
  readonly isPlaying: boolean;
  readonly rate: number;
  readonly isMuted: boolean;
  /** Single keyframes are shown instead of video. */
  readonly isPicturesOnly: boolean;
  /** `waiting`: for what is being recorded; `ended`: nothing comes after this. */
  readonly state: "playing" | "loading" | "waiting" | "ended";
  readonly notice: Notice | null;
  readonly screens: ReadonlyMap<string, ScreenState>;
  readonly error: string | null;
}

/** Whether nothing that is shown changed: while it stands still nothing is to be rendered. */
export function isSameShown(one: Snapshot, other: Snapshot): boolean {
  const { screens, ...rest } = one;
  const names = Object.keys(rest) as (keyof typeof rest)[];
  const isSame = names.every((name) => one[name] === other[name]);
  if (!isSame || screens.size !== other.screens.size) return false;
  return [...screens].every(([camera, screen]) => isSameScreen(screen, other.screens.get(camera)));
}

function isSameScreen(one: ScreenState, other: ScreenState | undefined): boolean {
  if (one.kind !== other?.kind) return false;
  return one.kind !== "failed" || (other.kind === "failed" && one.detail === other.detail);
}
