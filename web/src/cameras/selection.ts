/** Which of the found devices, and which of their channels, are to be added. */

import type { Schemas } from "../api/client";
import { DEFAULTS } from "./changes";
import { type Found, isAddable } from "./scan-state";

/** By found id: which channels; `all`: those that are online and no camera yet. */
export type Selection = Readonly<Record<string, "all" | readonly string[]>>;

export function withDevice(selection: Selection, id: string, isIn: boolean): Selection {
  const { [id]: _, ...others } = selection;
  return isIn ? { ...others, [id]: "all" } : others;
}

/** Ticks or unticks one channel; a device without any ticked one is not added. */
export function withChannel(
  selection: Selection,
  device: Found,
  channel: string,
  isIn: boolean,
): Selection {
  const ticked = channelsIn(selection, device).filter((each) => each !== channel);
  const now = isIn ? [...ticked, channel] : ticked;
  if (now.length === 0) return withDevice(selection, device.found_id, false);
  return { ...selection, [device.found_id]: now };
}

export function channelsIn(selection: Selection, device: Found): readonly string[] {
  const chosen = selection[device.found_id];
  if (chosen === undefined) return [];
  if (chosen !== "all") return chosen;
  const channels = device.details?.channels ?? [];
  return channels.filter(({ is_online }) => is_online).map(({ channel }) => channel);
}

/** What is to be sent; devices that were added meanwhile are left out. */
export function additions(selection: Selection, devices: readonly Found[]): Schemas["AddFound"][] {
  return devices
    .filter((device) => isAddable(device) && selection[device.found_id] !== undefined)
    .map(({ found_id }) => {
      const chosen = selection[found_id];
      if (chosen === undefined || chosen === "all") return { found_id };
      return { found_id, cameras: chosen.map((channel) => ({ ...DEFAULTS, channel })) };
    });
}

export function allOf(devices: readonly Found[]): Selection {
  const addable = devices.filter(isAddable).map(({ found_id }) => [found_id, "all"] as const);
  return Object.fromEntries(addable);
}
