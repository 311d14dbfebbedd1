/** A camera's state in words: what its recorder does, and whether it can be reached. */

import type { Camera, Health, Status } from "../api/cameras";
import { formatTime, type Tone } from "../ui";

export type Kind =
  | "recording"
  | "idle"
  | "connecting"
  | "offline"
  | "unauthorized"
  | "error"
  | "unknown";

export interface Described {
  kind: Kind;
  label: string;
  tone: Tone;
  /** Why, and what to do; empty where there is nothing to say. */
  detail: string;
}

/** What stands beside a camera's name. Without a status only the configuration is known. */
export function describe(camera: Camera, status: Status | undefined): Described {
  const health = status?.health ?? camera.health;
  switch (status?.state) {
    case "recording":
      return { kind: "recording", label: "Recording", tone: "good", detail: status.detail };
    case "live":
      return {
        kind: "idle",
        label: "Stopped, watched live",
        tone: "accent",
        detail: status.detail,
      };
    case "connecting":
      return { kind: "connecting", label: "Connecting", tone: "busy", detail: status.detail };
    case "offline":
      return { kind: "offline", label: "Offline", tone: "bad", detail: status.detail };
    case "unauthorized":
      return { kind: "unauthorized", label: "Unauthorized", tone: "bad", detail: status.detail };
    case "error":
      return { kind: "error", label: "No usable stream", tone: "bad", detail: status.detail };
    default:
      return camera.record ? unheard(status) : stopped(health);
  }
}

function unheard(status: Status | undefined): Described {
  if (status === undefined) return { kind: "unknown", label: "…", tone: "plain", detail: "" };
  return { kind: "unknown", label: "No recorder", tone: "bad", detail: status.detail };
}

function stopped(health: Health): Described {
  const detail = health.detail;
  if (health.state === "offline") {
    return { kind: "offline", label: "Stopped, offline", tone: "bad", detail };
  }
  if (health.state === "unauthorized") {
    return { kind: "unauthorized", label: "Stopped, unauthorized", tone: "bad", detail };
  }
  if (health.state === "error") {
    return { kind: "error", label: "Stopped, no usable stream", tone: "bad", detail };
  }
  return { kind: "idle", label: "Stopped", tone: "plain", detail: "Recording is switched off." };
}

const HEALTH_WORDS: Record<Health["state"], { label: string; tone: Tone }> = {
  online: { label: "Reachable", tone: "good" },
  offline: { label: "Not reachable", tone: "bad" },
  unauthorized: { label: "Rejects the login", tone: "bad" },
  error: { label: "No usable stream", tone: "bad" },
  unknown: { label: "Not checked yet", tone: "plain" },
};

export function describeHealth(health: Pick<Health, "state" | "is_flapping">) {
  const words = HEALTH_WORDS[health.state];
  if (!health.is_flapping) return words;
  return { label: `${words.label}, comes and goes`, tone: "busy" as Tone };
}

/** When the camera was last there: "now", a moment, or "never". */
export function lastSeen(health: Health, nowMs: number): string {
  if (health.state === "online" || health.state === "error") return "now";
  if (health.state === "unknown") return "–";
  return sinceText(health.since, nowMs);
}

/** A moment as short as it can be: the clock today, the day before. */
export function sinceText(at: string | null | undefined, nowMs: number): string {
  if (!at) return "–";
  const moment = new Date(at);
  const isToday = moment.toDateString() === new Date(nowMs).toDateString();
  return formatTime(moment, isToday ? "clock" : "minute");
}

const GAP_WORDS: Record<string, string> = {
  connecting: "the camera is being connected",
  camera_offline: "the camera is offline",
  camera_unauthorized: "the camera rejects the login",
  camera_error: "the camera sends nothing that can be recorded",
  stream_stalled: "the stream stalled",
  no_keyframe: "no keyframe came",
  timestamp_jump: "the camera's timestamps jumped",
  clock_changed: "the server's clock was set forward",
  recorder_down: "no recorder was running",
  handover: "the camera moved to another recorder",
  spool_full: "the recorder's disk space was full",
  write_error: "writing failed",
  recording_lost: "a recording could not be recovered",
};

/** Why footage is missing. */
export const gapWords = (reason: string): string =>
  GAP_WORDS[reason] ?? reason.replaceAll("_", " ");
