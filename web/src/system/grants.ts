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
    text: "also switches recording on and off, and sees services and storage",
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
  { id: "users:write", label: "Give anybody any right; read the audit log" },
];

export const roleLabel = (role: Role): string => ROLES.find(({ id }) => id === role)?.label ?? role;
