/** What the server answers about users, keys, sessions and what they did. */

import type { Schemas } from "../../src/api/client";
import type { ApiKey, Session, User } from "../../src/system/users-api";
import { type Answers, answering, me } from "../app/worlds";

const AT = "2026-11-20T10:00:00.000Z";

export const ADMIN = [
  "cameras:read",
  "footage:read",
  "system:read",
  "users:write",
] as const satisfies readonly Schemas["Permission"][];

export const user = (name: string, more: Partial<User> = {}): User => ({
  user_id: `id of ${name}`,
  name,
  role: "viewer",
  all_cameras: false,
  camera_ids: [],
  group_ids: [],
  created_at: AT,
  last_sign_in_at: null,
  disabled_at: null,
  ...more,
});

export const key = (name: string, more: Partial<ApiKey> = {}): ApiKey => ({
  prefix: "evf_Ab3dE9",
  name,
  permissions: ["cameras:read"],
  all_cameras: true,
  camera_ids: [],
  group_ids: [],
  created_at: AT,
  created_by: "admin",
  last_used_at: null,
  ...more,
});

export const session = (user_name: string, more: Partial<Session> = {}): Session => ({
  session_id: `session of ${user_name}`,
  user_id: `id of ${user_name}`,
  user_name,
  created_at: AT,
  last_used_at: AT,
  expires_at: AT,
  address: "192.0.2.7",
  user_agent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
  current: false,
  ...more,
});

export const entry = (
  more: Partial<Schemas["AuditEntryView"]> = {},
): Schemas["AuditEntryView"] => ({
  entry_id: 1,
  at: AT,
  kind: "user",
  actor_id: "id of carol",
  actor: "carol",
  address: "192.0.2.7",
  action: "session.began",
  camera_id: null,
  subject: "",
  detail: {},
  ...more,
});

/** Two cameras and a group, seen by an admin. */
export function world(more: Answers = {}): void {
  answering({
    "GET /session": () => me(...ADMIN),
    "GET /cameras": () => [
      { camera_id: "front-door", name: "Front door" },
      { camera_id: "yard", name: "Yard" },
    ],
    "GET /groups": () => [{ group_id: "entrance", name: "Entrance", camera_ids: ["front-door"] }],
    ...more,
  });
}
