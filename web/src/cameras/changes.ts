/** The settings form: what is in it, and what of that is new. */

import type { Camera } from "../api/cameras";
import type { Schemas } from "../api/client";

export interface Settings {
  name: string;
  url: string;
  sub_url: string;
  transport: "tcp" | "udp";
  verify_tls: boolean;
  recording_seconds: number;
  part_seconds: number;
  audio: "keep" | "off";
  footage_check_seconds: number;
}

export type Login =
  | { kind: "keep" }
  | { kind: "remove" }
  | { kind: "set"; username: string; password: string };

export const KEEP: Login = { kind: "keep" };

/** What a new camera has where nothing else was said; as the API's own defaults. */
export const DEFAULTS = {
  transport: "tcp",
  verify_tls: false,
  recording_seconds: 60,
  part_seconds: 0.2,
  audio: "keep",
  footage_check_seconds: 600,
  record: true,
} as const;

/** Fields of forms that show themselves what is wrong with them. */
export const FIELDS: readonly string[] = [
  "name",
  "url",
  "sub_url",
  "transport",
  "audio",
  "recording_seconds",
  "part_seconds",
  "footage_check_seconds",
  "credentials.username",
  "credentials.password",
];

export function settingsOf(camera: Camera): Settings {
  const { name, url, transport, verify_tls, recording_seconds, part_seconds, audio } = camera;
  return {
    name,
    url: url ?? "", // kept from those who may only look
    sub_url: camera.sub_url ?? "",
    transport,
    verify_tls,
    recording_seconds,
    part_seconds,
    audio,
    footage_check_seconds: camera.footage_check_seconds,
  };
}

/** Only what is different, so that two people's changes of different fields both stay. */
export function patchOf(old: Settings, now: Settings, login: Login): Schemas["CameraPatch"] | null {
  const changed = Object.entries(now).filter(
    ([key, value]) => value !== old[key as keyof Settings],
  );
  const patch: Record<string, unknown> = Object.fromEntries(changed);
  if ("sub_url" in patch && patch.sub_url === "") patch.sub_url = null;
  if (login.kind === "remove") patch.credentials = null;
  if (login.kind === "set") {
    patch.credentials = { username: login.username, password: login.password };
  }
  return Object.keys(patch).length === 0 ? null : (patch as Schemas["CameraPatch"]);
}
