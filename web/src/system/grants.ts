/** What somebody may see, as text and as a form holds it. */

import type { Schemas } from "../api/client";

export interface Grants {
  readonly all_cameras: boolean;
  readonly camera_ids: readonly string[];
  readonly group_ids: readonly string[];
}

export type Role = Schemas["Role"];
export type Permission = Schemas["Permission"];

export const NO_GRANTS: Grants = { all_cameras: false, camera_ids: [], group_ids: [] };

export const ROLES: readonly { id: Role; label: string; text: string }[] = [
  { id: "viewer", label: "Viewer", text: "watches live and recorded footage, and downloads it" },
  {
    id: "operator",
    label: "Operator",
    text: "also switches recording on and off, and sees the System page",
  },
  {
    id: "admin",
    label: "Admin",
    text: "also sets up cameras, users and API keys, and reads the audit log",
  },
];

export const PERMISSIONS: readonly { id: Permission; label: string }[] = [
  { id: "cameras:read", label: "See cameras, their state and health" },
  { id: "live:watch", label: "Watch live" },
  { id: "footage:read", label: "List, play and download recordings" },
  { id: "cameras:operate", label: "Switch recording on and off" },
  { id: "cameras:write", label: "Add, change and delete cameras" },
  { id: "system:read", label: "See services and storage" },
  { id: "users:write", label: "Change users and keys, read the audit log" },
];

export const roleLabel = (role: Role): string => ROLES.find(({ id }) => id === role)?.label ?? role;

/** `all cameras`, `Front door, group Entrance`, `no cameras`. */
export function grantsText(
  grants: Grants,
  cameras: ReadonlyMap<string, string>,
  groups: ReadonlyMap<string, string>,
): string {
  if (grants.all_cameras) return "all cameras";
  const names = [
    ...grants.camera_ids.map((id) => cameras.get(id) ?? id),
    ...grants.group_ids.map((id) => `group ${groups.get(id) ?? id}`),
  ];
  if (names.length === 0) return "no cameras";
  const shown = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
