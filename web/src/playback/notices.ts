/** What viewers are told about missing footage, in words. */

import { reasonText } from "../words";
import type { Footage, Moment } from "./footage";

const MOST_REASONS = 3;
const WORTH_TELLING_MS = 2_000;

/** Why a camera shows nothing at a moment. */
export function momentText(moment: Moment): string {
  switch (moment.kind) {
    case "recorded":
      return "Recorded";
    case "gap":
      return `No recording: ${reasonText(moment.gap.reason)}${storedText(moment.isStored)}`;
    case "nothing":
      return `No recording: ${UNWANTED}${storedText(moment.isStored)}`;
    case "pending":
      return "Still being recorded: it can be played in about a minute";
    case "future":
      return "In the future";
    case "unknown":
      return "Loading";
  }
}

function storedText(isStored: boolean): string {
  return isStored ? "; the device has it in its own storage" : "";
}

const UNWANTED = "recording was not switched on";

/** Why nothing is played from one moment to another: the longest reasons first, each once. */
export function whyMissing(
  footage: ReadonlyMap<string, Footage>,
  cameras: readonly string[],
  startMs: number,
  endMs: number,
): string[] {
  const lengths = new Map<string, number>();
  const add = (text: string, ms: number) => lengths.set(text, (lengths.get(text) ?? 0) + ms);
  for (const camera of cameras) {
    let unexplained = endMs - startMs;
    for (const gap of footage.get(camera)?.gapsIn(startMs, endMs) ?? []) {
      const ms = Math.min(gap.endMs, endMs) - Math.max(gap.startMs, startMs);
      unexplained -= ms;
      add(reasonText(gap.reason), ms);
    }
    if (unexplained > WORTH_TELLING_MS) add(UNWANTED, unexplained);
  }
  const texts = [...lengths].sort((a, b) => b[1] - a[1]).map(([text]) => text);
  return texts.length === 0 ? [UNWANTED] : texts.slice(0, MOST_REASONS);
}
