import { expect, test } from "vitest";
import {
  type CoverageDay,
  dayLines,
  levelOf,
  moved,
  percentText,
  shareOf,
  sumOf,
} from "../../src/system/coverage-figures";

const day = (figures: Partial<CoverageDay>): CoverageDay => ({
  day: "2026-11-20",
  started_at: "2026-11-20T00:00:00Z",
  ended_at: "2026-11-21T00:00:00Z",
  wanted: 86_400,
  recorded: 86_400,
  unasked: 0,
  missing: 0,
  explained: 0,
  pending: 0,
  unexplained: 0,
  ...figures,
});

test.each([
  { figures: {}, level: "whole", percent: "100" },
  { figures: { missing: 2, explained: 2 }, level: "most", percent: "99" },
  { figures: { missing: 40_000, explained: 40_000 }, level: "half", percent: "53" },
  { figures: { missing: 86_000, explained: 86_000 }, level: "little", percent: "0" },
  { figures: { missing: 2, unexplained: 2 }, level: "unexplained", percent: "99" },
  { figures: { missing: 30, pending: 30 }, level: "whole", percent: "100" },
  { figures: { wanted: 0, recorded: 0 }, level: "nothing", percent: "–" },
])("$figures is $level, $percent", ({ figures, level, percent }) => {
  expect(levelOf(day(figures))).toBe(level);
  expect(percentText(day(figures))).toBe(percent);
});

test("a day says what is recorded, what is not stored yet, and what is missing", () => {
  expect(dayLines(day({ recorded: 86_340, missing: 60, explained: 20, pending: 40 }))).toEqual([
    "23 h 59 min of 1 d recorded",
    "40 s not stored yet",
    "20 s missing, with a reason",
    "Every second is recorded or explained",
  ]);
  expect(dayLines(day({ missing: 7, unexplained: 7 })).at(-1)).toBe("7 s missing without a reason");
  expect(dayLines(day({ wanted: 0 }))).toEqual(["Recording was switched off"]);
});

test("the sum of no days is nothing wanted", () => {
  expect(sumOf([]).wanted).toBe(0);
  expect(shareOf(sumOf([day({ recorded: 64_800, missing: 21_600, pending: 20_736 })]))).toBe(99);
  expect(sumOf([day({}), day({ explained: 3 })])).toMatchObject({ wanted: 172_800, explained: 3 });
});

test("arrow keys stay inside of the grid", () => {
  expect(moved("ArrowLeft", [0, 0], 3, 14)).toEqual([0, 0]);
  expect(moved("ArrowDown", [1, 4], 3, 14)).toEqual([2, 4]);
  expect(moved("End", [1, 4], 3, 14)).toEqual([1, 13]);
  expect(moved("x", [1, 4], 3, 14)).toBeNull();
});
