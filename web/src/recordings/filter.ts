/** What the list shows, as it stands in the address: cameras, days, gaps. */

import { type CalendarDate, parseDate } from "@internationalized/date";
import type { Camera } from "../api/cameras";
import type { Group } from "../api/groups";

/** How many days the list spans at once. */
export const SPANS = [1, 7, 31] as const;
export type Span = (typeof SPANS)[number];

export interface Filter {
  /** `all`, `camera:ID` or `group:ID`. */
  readonly whose: string;
  /** The last day shown; null: today. */
  readonly day: CalendarDate | null;
  readonly days: Span;
  readonly hasGaps: boolean;
}

export const ALL = "all";

export function readFilter(query: URLSearchParams): Filter {
  const camera = query.get("camera");
  const group = query.get("group");
  const days = Number(query.get("days") ?? 1);
  return {
    whose: camera ? `camera:${camera}` : group ? `group:${group}` : ALL,
    day: readDay(query.get("day")),
    days: SPANS.find((span) => span === days) ?? 1,
    hasGaps: query.get("gaps") !== "0",
  };
}

export function writeFilter({ whose, day, days, hasGaps }: Filter): URLSearchParams {
  const query = new URLSearchParams();
  const [kind, id] = splitWhose(whose);
  if (id !== "") query.set(kind, id);
  if (day !== null) query.set("day", day.toString());
  if (days !== 1) query.set("days", String(days));
  if (!hasGaps) query.set("gaps", "0");
  return query;
}

/** `camera:front` becomes `camera` and `front`. */
function splitWhose(whose: string): [kind: string, id: string] {
  const at = whose.indexOf(":");
  return at < 0 ? [whose, ""] : [whose.slice(0, at), whose.slice(at + 1)];
}

/** All, then the groups, then the cameras. */
export function choicesOf(cameras: readonly Camera[], groups: readonly Group[]) {
  return [
    { id: ALL, label: "All cameras" },
    ...groups.map(({ group_id, name }) => ({ id: `group:${group_id}`, label: `Group ${name}` })),
    ...cameras.map(({ camera_id, name }) => ({ id: `camera:${camera_id}`, label: name })),
  ];
}

/** Ids of the chosen cameras; none: all. Null: a group that is not there, or has no cameras. */
export function camerasOf(whose: string, groups: readonly Group[]): readonly string[] | null {
  const [kind, id] = splitWhose(whose);
  if (kind === "camera") return [id];
  if (kind !== "group") return [];
  const group = groups.find(({ group_id }) => group_id === id);
  return group === undefined || group.camera_ids.length === 0 ? null : group.camera_ids;
}

/** The stretch of time that days of a zone cover; `to` is exclusive. Days may have 23 or 25 hours. */
export function rangeOf(day: CalendarDate, days: number, zone: string): { from: Date; to: Date } {
  return {
    from: day.subtract({ days: days - 1 }).toDate(zone),
    to: day.add({ days: 1 }).toDate(zone),
  };
}

/** A day as `YYYY-MM-DD`; null for anything else, and for days before there was footage. */
export function readDay(text: string | null): CalendarDate | null {
  try {
    const day = parseDate(text ?? "");
    return day.year >= 2000 && day.year < 2100 ? day : null;
  } catch {
    return null;
  }
}
