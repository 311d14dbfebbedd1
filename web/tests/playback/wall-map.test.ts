import { expect, test } from "vitest";
import { endsWithin, placeOf, wallTimeAt } from "../../src/playback/wall-map";

const NOON = Date.UTC(2026, 10, 21, 12);
/** Two recordings, ten minutes apart, of two fragments each; media time knows no gap. */
const FRAGMENTS = [
  { start: 0, duration: 4, programDateTime: NOON },
  { start: 4, duration: 4, programDateTime: NOON + 4000 },
  { start: 8, duration: 4, programDateTime: NOON + 600_000 },
  { start: 12, duration: 4, programDateTime: NOON + 604_000 },
];

test("a moment has its place in the media on both sides of a discontinuity", () => {
  expect(placeOf(FRAGMENTS, NOON + 5500)).toEqual({ kind: "inside", mediaTime: 5.5 });
  expect(placeOf(FRAGMENTS, NOON + 601_000)).toEqual({ kind: "inside", mediaTime: 9 });
});

test("a moment in the gap has none and is told what comes next", () => {
  const next = { wallMs: NOON + 600_000, mediaTime: 8 };
  expect(placeOf(FRAGMENTS, NOON + 8000)).toEqual({ kind: "hole", next });
  expect(placeOf(FRAGMENTS, NOON - 1)).toEqual({
    kind: "hole",
    next: { wallMs: NOON, mediaTime: 0 },
  });
});

test("behind the last fragment there is nothing", () => {
  expect(placeOf(FRAGMENTS, NOON + 608_000)).toEqual({ kind: "hole", next: null });
  expect(placeOf([], NOON)).toEqual({ kind: "hole", next: null });
});

test("a seam of some milliseconds is no hole", () => {
  const drifting = [
    { start: 0, duration: 4, programDateTime: NOON },
    { start: 4, duration: 4, programDateTime: NOON + 4080 },
  ];
  expect(placeOf(drifting, NOON + 4040)).toEqual({ kind: "inside", mediaTime: 4 });
});

test("a media time shows a moment; across a discontinuity the clock jumps", () => {
  expect(wallTimeAt(FRAGMENTS, 7.5)).toBe(NOON + 7500);
  expect(wallTimeAt(FRAGMENTS, 8)).toBe(NOON + 600_000);
  expect(wallTimeAt(FRAGMENTS, -1)).toBeNull();
  expect(wallTimeAt(FRAGMENTS, 99)).toBe(NOON + 608_000);
});

test("the end of footage is known at a gap and at the end of the playlist, not at a seam", () => {
  expect(endsWithin(FRAGMENTS, 7.8, 0.3)).toBe(true);
  expect(endsWithin(FRAGMENTS, 7.6, 0.3)).toBe(false);
  expect(endsWithin(FRAGMENTS, 3.9, 0.3)).toBe(false);
  expect(endsWithin(FRAGMENTS, 15.9, 0.3)).toBe(true);
  expect(endsWithin([], 0, 0.3)).toBe(false);
});
