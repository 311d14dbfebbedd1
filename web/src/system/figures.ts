/** What services tell of themselves, as text. */

import { formatBytes, formatSeconds } from "../ui/format";

export interface Figure {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly unit: string;
}

const SPOOL = ["spool_bytes", "spool_limit_bytes"] as const;
/** What the api cannot do without. Other figures may well say no: a standby watches no devices. */
const NEEDED = new Set(["database", "object_store", "bus"]);

export function figureText({ value, unit }: Figure): string {
  switch (unit) {
    case "bytes":
      return formatBytes(value);
    case "seconds":
      return formatSeconds(value);
    case "yes_no":
      return value === 0 ? "no" : "yes";
    default:
      return value.toLocaleString("en-GB");
  }
}

/** Something that a service needs does not answer. */
export const isAlarm = ({ name, value, unit }: Figure): boolean =>
  unit === "yes_no" && value === 0 && NEEDED.has(name);

/** How much of a recorder's spool is used, in bytes; null for what has none. */
export function spoolOf(figures: readonly Figure[]): { used: number; limit: number } | null {
  const [used, limit] = SPOOL.map((name) => figures.find((figure) => figure.name === name)?.value);
  return used === undefined || limit === undefined || limit <= 0 ? null : { used, limit };
}

/** Figures that no bar shows. */
export function plainFigures(figures: readonly Figure[]): readonly Figure[] {
  if (spoolOf(figures) === null) return figures;
  return figures.filter(({ name }) => !SPOOL.some((shown) => shown === name));
}

/** `12 %`; a little of something is never nothing. */
export function shareOf(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const percent = (100 * part) / whole;
  return part > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}

/** Whether there is room; the recorder gives footage up when there is none. */
export function levelOfUse(used: number, limit: number): "good" | "busy" | "bad" {
  const share = used / limit;
  if (share >= 0.9) return "bad";
  return share >= 0.7 ? "busy" : "good";
}

/** What a day of unbroken recording occupies, in bytes; null where nothing is known. */
export const bytesPerDay = (bytes: number, seconds: number): number | null =>
  seconds < 60 ? null : (bytes / seconds) * 86_400;
