/** The marks of a timeline's ruler, in the viewer's zone. */

import type { CalendarDate } from "@internationalized/date";
import { spanOf, type View } from "./view";
import type { Zone } from "./zone";

export type Unit = "fraction" | "second" | "minute" | "hour" | "day" | "month" | "year";

export interface Step {
  readonly unit: Unit;
  /** How many of the unit; months for `month`, days for `day`. */
  readonly count: number;
  /** About how long it is, milliseconds. */
  readonly ms: number;
}

export interface Mark {
  readonly ms: number;
  /** The clock shows this time for the second time that day. */
  readonly isRepeated: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function steps(unit: Unit, ms: number, counts: readonly number[]): Step[] {
  return counts.map((count) => ({ unit, count, ms: count * ms }));
}

const STEPS: readonly Step[] = [
  ...steps("fraction", 1, [50, 100, 200, 500]),
  ...steps("second", SECOND, [1, 2, 5, 10, 15, 30]),
  ...steps("minute", MINUTE, [1, 2, 5, 10, 15, 30]),
  ...steps("hour", HOUR, [1, 2, 3, 6, 12]),
  ...steps("day", DAY, [1, 2, 7]),
  ...steps("month", 30.4 * DAY, [1, 3, 6]),
  ...steps("year", 365 * DAY, [1]),
];

/** The finest step whose marks are at least `leastPx` apart. */
export function stepFor(view: View, width: number, leastPx: number): Step {
  const msPerPixel = spanOf(view) / Math.max(1, width);
  const found = STEPS.find(({ ms }) => ms >= msPerPixel * leastPx);
  return found ?? (STEPS[STEPS.length - 1] as Step);
}

/** The step of which the marks of `step` are parts: the ruler's second line. */
export function contextStep(step: Step): Step {
  const unit: Unit = step.ms < DAY ? "day" : step.unit === "day" ? "month" : "year";
  const ms = { day: DAY, month: 30.4 * DAY, year: 365 * DAY }[unit as "day" | "month" | "year"];
  return { unit, count: 1, ms };
}

/** All marks in the view, in order. */
export function marksIn(view: View, step: Step, zone: Zone): Mark[] {
  return step.ms < DAY ? clockMarks(view, step.ms, zone) : dateMarks(view, step, zone);
}

/** Marks where the wall clock shows a multiple of the step: twice or never where it is changed. */
function clockMarks(view: View, stepMs: number, zone: Zone): Mark[] {
  const marks: Mark[] = [];
  let latestLocal = Number.NEGATIVE_INFINITY;
  // a day more before, so that a repeated hour at the left edge is known as one
  for (const { startMs, endMs, offsetMs } of zone.steady(view.startMs - DAY, view.endMs)) {
    const from = Math.max(startMs, view.startMs);
    const first = Math.ceil((from + offsetMs) / stepMs) * stepMs;
    for (let local = first; local - offsetMs < endMs; local += stepMs) {
      marks.push({ ms: local - offsetMs, isRepeated: local <= latestLocal });
    }
    latestLocal = Math.max(latestLocal, endMs - 1 + offsetMs);
  }
  return marks;
}

function dateMarks(view: View, step: Step, zone: Zone): Mark[] {
  const marks: Mark[] = [];
  let date = firstDate(zone.dateAt(view.startMs), step);
  for (let ms = zone.startOf(date); ms < view.endMs; ms = zone.startOf(date)) {
    if (ms >= view.startMs) marks.push({ ms, isRepeated: false });
    date = nextDate(date, step);
  }
  return marks;
}

function firstDate(date: CalendarDate, { unit, count }: Step): CalendarDate {
  if (unit === "year") return date.set({ month: 1, day: 1 });
  if (unit === "month") {
    return date.set({ month: date.month - ((date.month - 1) % count), day: 1 });
  }
  if (count === 7) return date.subtract({ days: weekday(date) });
  return date.set({ day: date.day - ((date.day - 1) % count) });
}

/** Every second day begins anew with each month, so that marks stay where they are. */
function nextDate(date: CalendarDate, { unit, count }: Step): CalendarDate {
  if (unit === "year") return date.add({ years: count });
  if (unit === "month") return date.add({ months: count });
  const next = date.add({ days: count });
  return count === 2 && next.month !== date.month ? next.set({ day: 1 }) : next;
}

/** Monday is 0. */
function weekday(date: CalendarDate): number {
  return (date.toDate("UTC").getUTCDay() + 6) % 7;
}
