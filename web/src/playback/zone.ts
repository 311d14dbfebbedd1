/** Time zones: offsets, where they change, and days of 23, 24 and 25 hours. */

import {
  type CalendarDate,
  fromAbsolute,
  toCalendarDate,
  toCalendarDateTime,
  toZoned,
} from "@internationalized/date";

const DAY_MS = 86_400_000;
const MOST_DAYS_KEPT = 1000;

/** A stretch in which the zone's offset does not change; `endMs` is exclusive. */
export interface SteadyStretch {
  readonly startMs: number;
  readonly endMs: number;
  /** What is added to UTC, milliseconds. */
  readonly offsetMs: number;
}

/** The viewer's zone. Offsets are remembered, because asking Intl in every frame is slow. */
export class Zone {
  private readonly offsets = new Map<number, number>();
  private readonly changes = new Map<number, number>();

  constructor(readonly name: string) {}

  offsetAt(ms: number): number {
    return fromAbsolute(ms, this.name).offset;
  }

  /** Cuts a range where the clocks change. At most one change per 24 hours is expected. */
  steady(startMs: number, endMs: number): SteadyStretch[] {
    const found: SteadyStretch[] = [];
    let from = startMs;
    for (let day = Math.floor(startMs / DAY_MS); day * DAY_MS < endMs; day++) {
      const change = this.changeIn(day);
      if (change === null || change <= from || change >= endMs) continue;
      found.push({ startMs: from, endMs: change, offsetMs: this.offsetAt(change - 1) });
      from = change;
    }
    if (from < endMs) found.push({ startMs: from, endMs, offsetMs: this.offsetAt(from) });
    return found;
  }

  dateAt(ms: number): CalendarDate {
    return toCalendarDate(fromAbsolute(ms, this.name));
  }

  /** The first moment of a day; that is not midnight where the clocks change at midnight. */
  startOf(date: CalendarDate): number {
    return toZoned(toCalendarDateTime(date), this.name).toDate().getTime();
  }

  /** First moment, and first moment after, of the day in which `ms` lies. */
  dayOf(ms: number): { startMs: number; endMs: number } {
    const date = this.dateAt(ms);
    return { startMs: this.startOf(date), endMs: this.startOf(date.add({ days: 1 })) };
  }

  private offsetOfDay(day: number): number {
    let offset = this.offsets.get(day);
    if (offset === undefined) {
      if (this.offsets.size > MOST_DAYS_KEPT) this.offsets.clear();
      offset = this.offsetAt(day * DAY_MS);
      this.offsets.set(day, offset);
    }
    return offset;
  }

  /** The moment in a UTC day at which the offset becomes another one; null where it stays. */
  private changeIn(day: number): number | null {
    const before = this.offsetOfDay(day);
    if (before === this.offsetOfDay(day + 1)) return null;
    let change = this.changes.get(day);
    if (change === undefined) {
      change = this.findChange(day * DAY_MS, (day + 1) * DAY_MS, before);
      if (this.changes.size > MOST_DAYS_KEPT) this.changes.clear();
      this.changes.set(day, change);
    }
    return change;
  }

  private findChange(startMs: number, endMs: number, before: number): number {
    let low = startMs;
    let high = endMs;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }
}
