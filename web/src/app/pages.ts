/** The pages: where they are, who may see them, and how they are loaded. */

import { Cctv, CirclePlay, HardDrive, LayoutGrid, ListVideo, type LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import type { Permission } from "./session-api";

export interface PageEntry {
  /** First part of the address, which stands in the navigation. */
  path: string;
  label: string;
  icon: LucideIcon;
  /** What it takes to see it; any one of them does. Empty: being signed in. */
  permissions: readonly Permission[];
  /** Addresses below the first, as the router takes them. */
  patterns: string[];
  /** Pressed after `g`. */
  key: string;
  load(): Promise<{ Component: ComponentType }>;
}

export const PAGES: readonly PageEntry[] = [
  {
    path: "/live",
    label: "Live",
    icon: LayoutGrid,
    permissions: ["live:watch"],
    patterns: ["live"],
    key: "l",
    load: async () => ({ Component: (await import("../live")).Live }),
  },
  {
    path: "/playback",
    label: "Playback",
    icon: CirclePlay,
    permissions: ["footage:read"],
    patterns: ["playback"],
    key: "p",
    load: async () => ({ Component: (await import("../playback")).Playback }),
  },
  {
    path: "/recordings",
    label: "Recordings",
    icon: ListVideo,
    permissions: ["footage:read"],
    patterns: ["recordings"],
    key: "r",
    load: async () => ({ Component: (await import("../recordings")).Recordings }),
  },
  {
    path: "/cameras",
    label: "Cameras",
    icon: Cctv,
    permissions: ["cameras:read"],
    patterns: ["cameras", "cameras/:id"],
    key: "c",
    load: async () => ({ Component: (await import("../cameras")).Cameras }),
  },
  {
    path: "/system",
    label: "System",
    icon: HardDrive,
    permissions: [],
    patterns: ["system", "system/:tab"],
    key: "s",
    load: async () => ({ Component: (await import("../system")).System }),
  },
];

/** Whether somebody may see what asks for one of some permissions. */
export function opens(asked: readonly Permission[], held: readonly Permission[]): boolean {
  return asked.length === 0 || asked.some((permission) => held.includes(permission));
}
