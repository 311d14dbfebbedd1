/** Recordings and gaps as one list, newest first, under a heading for each day. */

import type { Schemas } from "../api/client";

export type Recording = Schemas["RecordingView"];
export type Gap = Schemas["GapView"];

export type Row =
  | { readonly kind: "recording"; readonly atMs: number; readonly recording: Recording }
  | { readonly kind: "gap"; readonly atMs: number; readonly gap: Gap };

export interface Day {
  /** First moment of its newest row. */
  readonly at: string;
  readonly name: string;
  readonly rows: Row[];
}

/**
 * Both lists as one. Where more recordings can be loaded, gaps older than the last one are left out:
 * they would stand before recordings that belong between them.
 */
export function rowsOf(recordings: readonly Recording[], gaps: readonly Gap[], hasMore: boolean) {
  const oldest = recordings.at(-1)?.started_at;
  const from = hasMore && oldest !== undefined ? Date.parse(oldest) : Number.NEGATIVE_INFINITY;
  const rows: Row[] = recordings.map((recording) => ({
    kind: "recording",
    atMs: Date.parse(recording.started_at),
    recording,
  }));
  for (const gap of gaps) {
    const atMs = Date.parse(gap.started_at);
    if (gap.state !== "filled" && atMs >= from) rows.push({ kind: "gap", atMs, gap });
  }
  return rows.sort((a, b) => b.atMs - a.atMs);
}

/** Rows by day; `nameOf` gives the day in which a moment lies. */
export function daysOf(rows: readonly Row[], nameOf: (at: Date) => string): Day[] {
  const days: Day[] = [];
  for (const row of rows) {
    const at = new Date(row.atMs);
    const name = nameOf(at);
    const last = days.at(-1);
    if (last?.name === name) last.rows.push(row);
    else days.push({ at: at.toISOString(), name, rows: [row] });
  }
  return days;
}

export interface Totals {
  readonly count: number;
  readonly seconds: number;
  readonly bytes: number;
}

export function totalsOf(recordings: readonly Recording[]): Totals {
  let seconds = 0;
  let bytes = 0;
  for (const recording of recordings) {
    seconds += recording.duration_seconds;
    bytes += recording.bytes;
  }
  return { count: recordings.length, seconds, bytes };
}
