/** Recordings and gaps as one list, newest first, with a heading for each day. */

import type { Schemas } from "../api/client";

export type Recording = Schemas["RecordingView"];
export type Gap = Schemas["GapView"];

export type Row =
  | { readonly kind: "day"; readonly id: string; readonly at: Date }
  | { readonly kind: "recording"; readonly id: string; readonly recording: Recording }
  | { readonly kind: "gap"; readonly id: string; readonly gap: Gap };

/** What one answer brought, or several together. */
export interface Loaded {
  readonly recordings: readonly Recording[];
  readonly gaps: readonly Gap[];
  /** Why gaps may be missing; empty: they are all there. */
  readonly note: string;
  /** Where older recordings begin; null: there are none. */
  readonly next: string | null;
}

/** Pages of a list as one. What stands in several counts once, as the first page has it. */
export function joined(pages: readonly Loaded[]): Loaded {
  return {
    recordings: once(
      pages.flatMap(({ recordings }) => recordings),
      ({ id }) => id,
    ),
    gaps: once(
      pages.flatMap(({ gaps }) => gaps),
      ({ gap_id }) => gap_id,
    ),
    note: pages.find(({ note }) => note !== "")?.note ?? "",
    next: pages.at(-1)?.next ?? null,
  };
}

function once<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  const byId = new Map<string, T>();
  for (const item of items) if (!byId.has(idOf(item))) byId.set(idOf(item), item);
  return [...byId.values()];
}

/** Pages with what came lately in the first; what is older than all that is loaded is left out. */
export function withNews(pages: readonly Loaded[], news: Loaded): Loaded[] {
  const [first, ...rest] = pages;
  if (first === undefined) return [];
  const { recordings, next } = joined(pages);
  const from = next === null ? Number.NEGATIVE_INFINITY : oldestMs(recordings);
  const fitting = news.recordings.filter(({ started_at }) => Date.parse(started_at) >= from);
  return [{ ...joined([{ ...news, recordings: fitting }, first]), next: first.next }, ...rest];
}

/**
 * Both lists as one. Where more recordings can be loaded, gaps older than the last one are left out:
 * they would stand before recordings that belong between them.
 */
export function rowsOf({ recordings, gaps, next }: Loaded): Row[] {
  const from = next === null ? Number.NEGATIVE_INFINITY : oldestMs(recordings);
  const timed: [number, Row][] = recordings.map((recording) => [
    Date.parse(recording.started_at),
    { kind: "recording", id: recording.id, recording },
  ]);
  for (const gap of gaps) {
    const atMs = Date.parse(gap.started_at);
    if (gap.state !== "filled" && atMs >= from) {
      timed.push([atMs, { kind: "gap", id: gap.gap_id, gap }]);
    }
  }
  return withDays(timed.sort(([a], [b]) => b - a));
}

/** Headings by the viewer's days. */
function withDays(timed: readonly [number, Row][]): Row[] {
  const rows: Row[] = [];
  let dayMs = Number.POSITIVE_INFINITY;
  for (const [atMs, row] of timed) {
    if (atMs < dayMs) {
      dayMs = new Date(atMs).setHours(0, 0, 0, 0);
      rows.push({ kind: "day", id: `day ${dayMs}`, at: new Date(dayMs) });
    }
    rows.push(row);
  }
  return rows;
}

const oldestMs = (recordings: readonly Recording[]): number =>
  recordings.reduce(
    (oldest, { started_at }) => Math.min(oldest, Date.parse(started_at)),
    Number.POSITIVE_INFINITY,
  );

/** Start of the newest one; null: there is none. */
export const newestOf = (recordings: readonly Recording[]): string | null =>
  recordings.reduce<string | null>(
    (newest, { started_at }) => (newest === null || started_at > newest ? started_at : newest),
    null,
  );

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
