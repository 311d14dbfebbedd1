/** A camera's changes of health as stretches of time. */

import type { Health } from "../api/cameras";
import type { Tone } from "../ui";
import { describeHealth } from "./state";

export interface Change {
  at: string;
  state: string;
  detail: string;
}

export interface Stretch {
  fromMs: number;
  /** Of the whole range, 0 to 1. */
  share: number;
  tone: Tone;
  label: string;
}

const UNKNOWN = "unknown";

/** What held when and for how long; before the first change nothing is known. */
export function stretches(changes: readonly Change[], fromMs: number, toMs: number): Stretch[] {
  const points = changes
    .map((change) => ({ state: change.state, atMs: Math.max(fromMs, Date.parse(change.at)) }))
    .filter(({ atMs }) => atMs < toMs);
  const first = points[0]?.atMs ?? toMs;
  const whole = [...(first > fromMs ? [{ state: UNKNOWN, atMs: fromMs }] : []), ...points];
  return whole
    .map(({ state, atMs }, index) => {
      const endMs = whole[index + 1]?.atMs ?? toMs;
      return { fromMs: atMs, share: (endMs - atMs) / (toMs - fromMs), ...wordsOf(state) };
    })
    .filter(({ share }) => share > 0);
}

/** How much of the time that is known it could be reached; null where nothing is known. */
export function reachedShare(parts: readonly Stretch[]): number | null {
  const known = parts.filter(({ tone }) => tone !== "plain");
  const reached = known.filter(({ tone }) => tone === "good");
  if (known.length === 0) return null;
  if (reached.length === known.length) return 1; // rounding must neither hide nor make a break
  const sum = (some: readonly Stretch[]) => some.reduce((total, { share }) => total + share, 0);
  return sum(reached) / sum(known);
}

/** Changes that happened inside of the range; what held when it began is none. */
export const changesIn = <T extends Change>(changes: readonly T[], fromMs: number): T[] =>
  changes.filter(({ at }) => Date.parse(at) >= fromMs);

function wordsOf(state: string): { tone: Tone; label: string } {
  if (!["online", "offline", "unauthorized", "error"].includes(state)) {
    return { tone: "plain", label: "Not known" };
  }
  return describeHealth({ state: state as Health["state"], is_flapping: false });
}
