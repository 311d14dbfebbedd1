import { CalendarDate } from "@internationalized/date";
import { expect, test } from "vitest";
import { rangeOf, readDay, readFilter, writeFilter } from "../../src/recordings/filter";

test("an empty address means all cameras, today, with gaps", () => {
  expect(readFilter(new URLSearchParams())).toEqual({
    whose: "all",
    day: null,
    days: 1,
    hasGaps: true,
  });
});

test("a filter survives its way through the address", () => {
  const filter = {
    whose: "camera:front-door",
    day: new CalendarDate(2026, 3, 29),
    days: 7,
    hasGaps: false,
  } as const;
  expect(readFilter(writeFilter(filter))).toEqual(filter);
});

test("nonsense in the address is left out", () => {
  const filter = readFilter(new URLSearchParams("day=2026-13-77&days=5&camera="));
  expect(filter).toEqual({ whose: "all", day: null, days: 1, hasGaps: true });
  expect(readDay("0001-01-01")).toBeNull();
});

test.each([
  { day: new CalendarDate(2026, 3, 29), hours: 23 },
  { day: new CalendarDate(2026, 10, 25), hours: 25 },
  { day: new CalendarDate(2026, 11, 20), hours: 24 },
])("$day has $hours hours in Berlin", ({ day, hours }) => {
  const { from, to } = rangeOf(day, 1, "Europe/Berlin");
  expect((to.getTime() - from.getTime()) / 3_600_000).toBe(hours);
});

test("seven days end with the chosen one", () => {
  const { from, to } = rangeOf(new CalendarDate(2026, 11, 20), 7, "UTC");
  expect(from.toISOString()).toBe("2026-11-14T00:00:00.000Z");
  expect(to.toISOString()).toBe("2026-11-21T00:00:00.000Z");
});
