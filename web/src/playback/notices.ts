/** What viewers are told about missing footage, in words. */

import type { Footage, Moment } from "./footage";

const MOST_REASONS = 3;
const WORTH_TELLING_MS = 2_000;

const REASONS: Readonly<Record<string, string>> = {
  connecting: "the camera was being connected",
  camera_offline: "the camera could not be reached",
  camera_unauthorized: "the camera refused the login",
  camera_error: "the camera sent nothing that can be recorded",
  stream_stalled: "the camera sent no pictures",
  no_keyframe: "the camera sent no keyframe",
  timestamp_jump: "the camera's timestamps jumped",
  clock_changed: "the server's clock was set",
  recorder_down: "no recorder was running",
  handover: "the camera moved to another recorder",
  spool_full: "there was no disk space left",
  write_error: "the disk failed or was too slow",
  recording_lost: "the file was lost",
};

/** A gap's reason in words; one that is not known is shown as it is. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

/** With what the recorder says of it, for those who look for the cause. */
export function gapText({ reason, detail }: { reason: string; detail: string }): string {
  return detail === "" ? reasonText(reason) : `${reasonText(reason)} (${detail})`;
}

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
