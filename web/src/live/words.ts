/** States and figures in words. */

import type { PlayerState } from "../player";

export type Tone = "good" | "busy" | "bad" | "off";

export interface Words {
  text: string;
  tone: Tone;
}

/** What is told of a camera by its recorder and by whoever checks that it can be reached. */
export interface CameraStatus {
  state: string;
  since: string | null;
  detail: string;
  health: { state: string; since?: string | null; detail: string };
}

/** The camera's state, apart from whether its picture reaches this browser. */
export function describeCamera(status: CameraStatus | undefined, nowMs: number): Words {
  if (status === undefined) return { text: "…", tone: "busy" };
  switch (status.state) {
    case "recording":
      return { text: "Recording", tone: "good" };
    case "live":
      return { text: "Online", tone: "good" };
    case "connecting":
      return { text: "Connecting", tone: "busy" };
    case "offline":
      return { text: `Offline${since(status.since, nowMs)}`, tone: "bad" };
    case "unauthorized":
      return { text: "Unauthorized", tone: "bad" };
    case "error":
      return { text: "No usable stream", tone: "bad" };
    default:
      return describeHealth(status, nowMs);
  }
}

/** Nobody records it: what matters is whether it could be watched. */
function describeHealth({ state, health }: CameraStatus, nowMs: number): Words {
  if (health.state === "offline") {
    return { text: `Offline${since(health.since, nowMs)}`, tone: "bad" };
  }
  if (health.state === "unauthorized") return { text: "Unauthorized", tone: "bad" };
  if (health.state === "error") return { text: "No usable stream", tone: "bad" };
  if (state === "stopped") return { text: "Stopped", tone: "off" };
  return { text: "No recorder", tone: "bad" };
}

export interface PictureWords extends Words {
  /** Why. */
  detail: string;
}

/** What the picture does; null while it runs. */
export function describePicture(state: PlayerState, nowMs: number): PictureWords | null {
  switch (state.kind) {
    case "idle":
    case "live":
      return null;
    case "connecting":
      return { text: "Connecting…", detail: "", tone: "busy" };
    case "waiting":
      return { text: "Waiting for a picture", detail: sentence(state.detail), tone: "busy" };
    case "reconnecting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      const text = seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…";
      return { text, detail: sentence(state.detail), tone: "bad" };
    }
    case "failed":
      return { text: "No picture", detail: sentence(state.detail), tone: "bad" };
  }
}

export function describeBehind(seconds: number): Words {
  const tone = seconds < 1.5 ? "good" : seconds < 5 ? "busy" : "bad";
  if (seconds >= 90) return { text: `${Math.round(seconds / 60)} min`, tone };
  return { text: `${Math.max(0, seconds).toFixed(seconds < 10 ? 1 : 0)} s`, tone };
}

/** " since 14:05", with the date where it was not today; empty when it is not known. */
function since(iso: string | null | undefined, nowMs: number): string {
  const at = Date.parse(iso ?? "");
  if (!Number.isFinite(at)) return "";
  const then = new Date(at);
  const isToday = then.toDateString() === new Date(nowMs).toDateString();
  const day: Intl.DateTimeFormatOptions = isToday ? {} : { day: "numeric", month: "short" };
  const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...day } as const;
  return ` since ${new Intl.DateTimeFormat("en-GB", format).format(then)}`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
