/** States and figures in words. */

import type { PlayerState } from "../player";

export type Tone = "good" | "busy" | "bad";

export function describeState(state: PlayerState, nowMs: number): { text: string; tone: Tone } {
  switch (state.kind) {
    case "idle":
      return { text: "stopped", tone: "busy" };
    case "connecting":
      return { text: "connecting", tone: "busy" };
    case "live":
      return { text: "live", tone: "good" };
    case "waiting":
      return { text: withDetail("waiting", state.detail), tone: "busy" };
    case "reconnecting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      return { text: withDetail(`reconnecting in ${seconds} s`, state.detail), tone: "bad" };
    }
    case "failed":
      return { text: state.detail, tone: "bad" };
  }
}

export function describeBehind(seconds: number | null): { text: string; tone: Tone } {
  if (seconds === null) return { text: "–", tone: "busy" };
  const tone = seconds < 1.5 ? "good" : seconds < 5 ? "busy" : "bad";
  if (seconds >= 90) return { text: `${Math.round(seconds / 60)} min`, tone };
  return { text: `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`, tone };
}

function withDetail(text: string, detail: string): string {
  return detail === "" ? text : `${text}: ${detail}`;
}

/** Cameras whose name or id has every word of the search. */
export function searchCameras<T extends { camera_id: string; name: string }>(
  cameras: T[],
  text: string,
): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return cameras.filter(({ camera_id, name }) => {
    const haystack = `${name} ${camera_id}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
