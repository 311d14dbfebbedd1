/** What the audit log's entries say, in words. */

const WORDS: Readonly<Record<string, string>> = {
  "session.began": "signed in",
  "session.refused": "was refused at sign-in",
  "session.ended": "signed out, or ended a session",
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
  "group.created": "made a group",
  "group.changed": "changed a group",
  "group.deleted": "deleted a group",
  "scan.started": "scanned the network",
  "live.watched": "watched live",
  "footage.played": "played footage",
  "footage.downloaded": "downloaded footage",
  "audit.read": "read the audit log",
};

/** For a list of choices. */
export const ACTIONS = Object.entries(WORDS).map(([id, label]) => ({ id, label: sentence(label) }));

export const actionText = (action: string): string =>
  WORDS[action] ?? action.replaceAll(/[._]/g, " ");

/** What it was done to, and how: `carol; role operator`. */
export function detailText(subject: string, detail: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(detail).map(
    ([name, value]) => `${name.replaceAll("_", " ")} ${plain(value)}`,
  );
  return [subject, ...parts].filter((part) => part !== "").join("; ");
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(", ") || "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
