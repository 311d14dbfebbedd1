/** What happens where no chosen camera has footage: playback goes on at the next recording. */

import type { Footage, Moment } from "./footage";

export interface Missing {
  readonly camera: string;
  readonly moment: Moment;
}

export type Next =
  /** At least one camera has footage here. */
  | { readonly kind: "play" }
  /** Nothing here; the next footage begins at `toMs`. */
  | { readonly kind: "skip"; readonly toMs: number; readonly missing: readonly Missing[] }
  /** Nothing here and nothing known after it; what was asked for ends at `knownUntilMs`. */
  | { readonly kind: "look"; readonly fromMs: number; readonly missing: readonly Missing[] }
  /** It is being recorded; it can be played in a moment. */
  | { readonly kind: "wait" }
  /** Not asked for yet. */
  | { readonly kind: "unknown" };

/** Decides what to do at a moment, from all chosen cameras' footage. */
export function nextAt(
  footage: ReadonlyMap<string, Footage>,
  cameras: readonly string[],
  ms: number,
  nowMs: number,
): Next {
  const moments = cameras.map((camera) => ({
    camera,
    moment: footage.get(camera)?.at(ms, nowMs) ?? ({ kind: "unknown" } as const),
  }));
  if (moments.some(({ moment }) => moment.kind === "recorded")) return { kind: "play" };
  if (moments.some(({ moment }) => moment.kind === "unknown")) return { kind: "unknown" };
  const starts = cameras
    .map((camera) => footage.get(camera)?.nextRecordedMs(ms) ?? null)
    .filter((start) => start !== null);
  if (starts.length > 0) return { kind: "skip", toMs: Math.min(...starts), missing: moments };
  if (moments.some(({ moment }) => isComing(moment))) return { kind: "wait" };
  const known = cameras.map((camera) => footage.get(camera)?.endMs ?? ms);
  return { kind: "look", fromMs: Math.min(...known), missing: moments };
}

/** Whether waiting brings footage. */
function isComing(moment: Moment): boolean {
  return moment.kind === "pending" || moment.kind === "future";
}
