/** The tabs of the System page: who may see them and what they show. */

import { type ComponentType, lazy } from "react";
import type { Permission } from "../app/session-api";

export interface SystemTab {
  /** In the address: `/system/coverage`. */
  id: string;
  label: string;
  /** null: everybody. */
  permission: Permission | null;
  Content: ComponentType;
}

export const TABS: readonly SystemTab[] = [
  {
    id: "overview",
    label: "Overview",
    permission: "system:read",
    Content: lazy(async () => ({ default: (await import("./overview")).Overview })),
  },
  {
    id: "coverage",
    label: "Coverage",
    permission: "footage:read",
    Content: lazy(async () => ({ default: (await import("./coverage")).Coverage })),
  },
  {
    id: "users",
    label: "Users",
    permission: "users:write",
    Content: lazy(async () => ({ default: (await import("./users")).Users })),
  },
  {
    id: "api-keys",
    label: "API keys",
    permission: "users:write",
    Content: lazy(async () => ({ default: (await import("./api-keys")).ApiKeys })),
  },
  {
    id: "sessions",
    label: "Sessions",
    permission: null,
    Content: lazy(async () => ({ default: (await import("./sessions")).Sessions })),
  },
  {
    id: "audit",
    label: "Audit log",
    permission: "users:write",
    Content: lazy(async () => ({ default: (await import("./audit")).Audit })),
  },
];
