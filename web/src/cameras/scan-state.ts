/** What a scan has found so far. Its events may come twice, and in any order with the answer. */

import type { Schemas } from "../api/client";

export type Found = Schemas["FoundDeviceView"];
export type Summary = Schemas["ScanSummary"];

export interface ScanState {
  summary: Summary;
  /** In the order in which they were found. */
  devices: readonly Found[];
}

export type ScanEvent =
  | { name: "device"; device: Found }
  | { name: "progress" | "end"; summary: Summary };

export function started(view: Schemas["ScanView"]): ScanState {
  const { devices, ...summary } = view;
  return { summary, devices };
}

export function told(state: ScanState, event: ScanEvent): ScanState {
  if (event.name !== "device") return { ...state, summary: event.summary };
  const { device } = event;
  const isKnown = state.devices.some(({ found_id }) => found_id === device.found_id);
  const devices = isKnown
    ? state.devices.map((each) => (each.found_id === device.found_id ? device : each))
    : [...state.devices, device];
  return { ...state, devices };
}

/** One event of the stream; null for what is none of ours. */
export function readEvent(name: string, text: string): ScanEvent | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== "object" || data === null) return null;
  if (name === "device" && "found_id" in data) return { name, device: data as Found };
  if ((name === "progress" || name === "end") && "scan_id" in data) {
    return { name, summary: data as Summary };
  }
  return null;
}

/** Whether it is there already, so that nothing is left to add. */
export const isAdded = (device: Found): boolean =>
  device.device_id !== null || (device.driver === null && device.camera_ids.length > 0);

/** Whether it can be added with others: it speaks a protocol that we know. */
export const isAddable = (device: Found): boolean => !isAdded(device) && device.driver !== null;

/** What it calls itself, or where it is. */
export function deviceName(device: Found): string {
  const identity = device.details?.identity;
  const model = [identity?.manufacturer, identity?.model].filter(Boolean).join(" ");
  return identity?.name || model || scopeName(device) || knownAs(device) || device.host;
}

/** What is there already has a name of ours. */
const knownAs = ({ device_id, camera_ids }: Found): string => device_id ?? camera_ids.join(", ");

/** ONVIF devices tell a name to anyone: `onvif://www.onvif.org/name/Front%20door`. */
function scopeName(device: Found): string {
  const scope = device.scopes.find((each) => /\/name\//i.test(each));
  const text = scope?.split(/\/name\//i)[1] ?? "";
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return text;
  }
}

export const addressOf = ({ host, port, use_tls }: Found): string => {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `${use_tls ? "https" : "http"}://${shown}:${port}`;
};

/** What people write between addresses: commas, blanks, lines. */
export const splitTargets = (text: string): string[] =>
  text.split(/[\s,;]+/).filter((part) => part !== "");

/** Ports as people write them; null where something is no port. */
export function readPorts(text: string): number[] | null {
  const ports = splitTargets(text).map(Number);
  return ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535)
    ? ports
    : null;
}

/** The server names a target by its place in the list; people know it by what they wrote. */
export function targetProblem(
  fields: readonly { field: string; problem: string }[],
  targets: readonly string[],
): string | undefined {
  const problems = fields
    .filter(({ field }) => field.startsWith("targets"))
    .map(({ field, problem }) => {
      const index = Number(/\[(\d+)\]/.exec(field)?.[1] ?? Number.NaN);
      const target = targets[index];
      return target === undefined ? problem : `${target}: ${problem}`;
    });
  return problems.length === 0 ? undefined : problems.join("; ");
}
