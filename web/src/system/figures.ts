/** What services tell of themselves, as text. */

import { formatBytes, formatSeconds } from "../ui/format";

export interface Figure {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly unit: string;
}

export function figureText({ value, unit }: Figure): string {
  switch (unit) {
    case "bytes":
      return formatBytes(value);
    case "seconds":
      return formatSeconds(value);
    case "yes_no":
      return value === 0 ? "no" : "yes";
    default:
      return String(value);
  }
}

/** How much of a recorder's spool is used, in bytes; null for what has none. */
export function spoolOf(figures: readonly Figure[]): { used: number; limit: number } | null {
  const valueNamed = (name: string) => figures.find((figure) => figure.name === name)?.value;
  const used = valueNamed("spool_bytes");
  const limit = valueNamed("spool_limit_bytes");
  return used === undefined || limit === undefined || limit <= 0 ? null : { used, limit };
}

/** `12 %`; a little of something is never nothing. */
export function shareOf(part: number, whole: number): string {
  if (whole <= 0) return "–";
  const percent = (100 * part) / whole;
  return part > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}
