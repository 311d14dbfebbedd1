/** What the audit log's entries say, in words. */

import { formatTime } from "../ui/format";

const WORDS: Readonly<Record<string, string>> = {
  "session.began": "signed in",
  "session.refused": "was refused at sign-in",
  "session.ended": "ended a session",
  "user.created": "added a user",
  "user.changed": "changed a user",
  "user.deleted": "deleted a user",
  "key.created": "made an API key",
  "key.revoked": "revoked an API key",
  "camera.added": "added a camera",
  "camera.changed": "changed a camera",
  "camera.deleted": "deleted a camera",
  "camera.recording_on": "switched recording on",
  "camera.recording_off": "switched recording off",
  "device.added": "added a device",
  "device.changed": "changed a device",
  "device.deleted": "deleted a device",
  "device.probed": "tested a connection",
  "device.login_retried": "tried a device's login again",
  "device.footage_listed": "listed a device's footage anew",
  "group.created": "made a group",
  "group.changed": "changed a group",
  "group.deleted": "deleted a group",
  "scan.started": "scanned the network",
  "scan.cancelled": "stopped a scan",
  "live.watched": "watched live",
  "live.link_made": "made a link to live video",
  "footage.played": "played footage",
  "footage.downloaded": "downloaded footage",
  "footage.link_made": "made a link to footage",
  "audit.read": "read the audit log",
};

/** For a list of choices. */
export const ACTIONS = Object.entries(WORDS).map(([id, label]) => ({ id, label: sentence(label) }));

export const actionText = (action: string): string =>
  WORDS[action] ?? action.replaceAll(/[._]/g, " ");

/** Names by id of whatever has one. */
export type NameOf = (id: string) => string | undefined;

export interface Told {
  readonly action: string;
  readonly camera_id: string | null;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What it was done to, and how: `carol; role operator; sees Front door, Entrance`. */
export function detailText({ action, camera_id, subject, detail }: Told, nameOf: NameOf): string {
  const { name, all_cameras, camera_ids, group_ids, from, to, ...others } = flat(detail);
  const what = typeof name === "string" ? name : subjectText(action, subject, nameOf);
  const isSaid = camera_id !== null && what === nameOf(camera_id);
  const parts = Object.entries({ from, to, ...others }).map(([key, value]) => part(key, value));
  const seen = all_cameras === true ? ["all cameras"] : [...ids(camera_ids), ...ids(group_ids)];
  return [
    isSaid ? "" : what,
    ...parts,
    seen.length > 0 ? `cameras: ${seen.map((id) => nameOf(id) ?? id).join(", ")}` : "",
  ]
    .filter((text) => text !== "")
    .join("; ");
}

/** Ids of sessions and scans say nothing to people; users are told by name where they have one. */
function subjectText(action: string, subject: string, nameOf: NameOf): string {
  if (action === "session.began" || action === "session.ended" || action.startsWith("scan.")) {
    return "";
  }
  return nameOf(subject) ?? subject;
}

/** What stands inside of an object, beside the rest. */
function flat(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(detail).flatMap(([key, value]) =>
    isObject(value) ? Object.entries(value) : [[key, value] as [string, unknown]],
  );
  return Object.fromEntries(entries);
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ids = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** `role viewer`; empty for what is not so. */
function part(key: string, value: unknown): string {
  const label = key.replaceAll("_", " ");
  if (value === true) return label;
  const text = plain(value);
  return text === "" ? "" : `${label}: ${text}`;
}

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function plain(value: unknown): string {
  if (value === null || value === undefined || value === false) return "";
  if (Array.isArray(value)) {
    return value
      .map(plain)
      .filter((text) => text !== "")
      .join(", ");
  }
  if (isObject(value)) return JSON.stringify(value);
  const text = String(value);
  return TIME.test(text) ? formatTime(new Date(text), "second") : text;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
