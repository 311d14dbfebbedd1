import { CalendarDate } from "@internationalized/date";
import { expect, test } from "vitest";
import type { Camera } from "../../src/api/cameras";
import {
  camerasOf,
  choicesOf,
  rangeOf,
  readDay,
  readFilter,
  writeFilter,
} from "../../src/recordings/filter";
import { windowOf } from "../../src/recordings/use-window";

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

const groups = [
  { group_id: "entrance", name: "Entrance", camera_ids: ["front-door", "gate"] },
  { group_id: "empty", name: "Empty", camera_ids: [] },
];

test("groups stand before the cameras", () => {
  const cameras = [{ camera_id: "front-door", name: "Front door" } as Camera];
  expect(choicesOf(cameras, groups).map(({ label }) => label)).toEqual([
    "All cameras",
    "Group Entrance",
    "Group Empty",
    "Front door",
  ]);
});

test.each([
  { whose: "all", ids: [] },
  { whose: "camera:yard", ids: ["yard"] },
  { whose: "group:entrance", ids: ["front-door", "gate"] },
  { whose: "group:empty", ids: null },
  { whose: "group:gone", ids: null },
])("$whose stands for the cameras $ids", ({ whose, ids }) => {
  expect(camerasOf(whose, groups)).toEqual(ids);
});

test("rows in sight are drawn, and some around them", () => {
  expect(windowOf(200, 800, 50)).toEqual({ first: 0, last: 40, rowHeight: 50 });
  expect(windowOf(-100_000, 800, 50)).toEqual({ first: 1980, last: 2040, rowHeight: 50 });
  expect(windowOf(5_000, 800, 50)).toMatchObject({ first: 0, last: 0 });
});
