import { expect, test } from "vitest";
import {
  fitView,
  follow,
  LONGEST_MS,
  msAt,
  pan,
  pinch,
  reveal,
  SHORTEST_MS,
  spanOf,
  type View,
  xOf,
  zoom,
} from "../../src/playback/view";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 12);
const LIMITS = { earliestMs: NOW - 2 * LONGEST_MS, latestMs: NOW + HOUR };
const VIEW: View = { startMs: NOW - 2 * HOUR, endMs: NOW };
const WIDTH = 1000;

test("a moment and its place are each other's inverse", () => {
  const x = xOf(VIEW, WIDTH, NOW - HOUR);
  expect(x).toBe(500);
  expect(msAt(VIEW, WIDTH, x)).toBe(NOW - HOUR);
});

test("zooming keeps the moment under the pointer in its place, all the way from a year to a second", () => {
  const anchor = NOW - 1_234_567;
  let view: View = { startMs: NOW - LONGEST_MS, endMs: NOW };
  const before = xOf(view, WIDTH, anchor);
  for (let step = 0; step < 200; step++) view = zoom(view, anchor, 0.8, LIMITS);
  expect(spanOf(view)).toBeCloseTo(SHORTEST_MS, 3);
  expect(xOf(view, WIDTH, anchor)).toBeCloseTo(before, 0);
});

test("zooming out ends at the longest view and at the limits", () => {
  const view = zoom(VIEW, NOW, 1e9, LIMITS);
  expect(spanOf(view)).toBe(LONGEST_MS);
  expect(view.endMs).toBeLessThanOrEqual(LIMITS.latestMs);
});

test("panning stops at the limits and keeps the length", () => {
  const view = pan(VIEW, 9 * HOUR, LIMITS);
  expect(view).toEqual({ startMs: NOW - HOUR, endMs: NOW + HOUR });
});

test("what was under two fingers stays under them", () => {
  const view = pinch(VIEW, WIDTH, [400, 600], [300, 800], LIMITS);
  expect(msAt(view, WIDTH, 300)).toBeCloseTo(msAt(VIEW, WIDTH, 400), 0);
  expect(msAt(view, WIDTH, 800)).toBeCloseTo(msAt(VIEW, WIDTH, 600), 0);
});

test("two fingers on one place do not zoom without end", () => {
  const view = pinch(VIEW, WIDTH, [500, 500], [500, 500], LIMITS);
  expect(view).toEqual(VIEW);
});

test("fitting shows the whole stretch with some room, and a moment as a second", () => {
  const view = fitView(NOW - HOUR, NOW - HOUR / 2, LIMITS);
  expect(view.startMs).toBeLessThan(NOW - HOUR);
  expect(view.endMs).toBeGreaterThan(NOW - HOUR / 2);
  expect(spanOf(view)).toBeCloseTo(HOUR * 0.55, 0);
  expect(spanOf(fitView(NOW - HOUR, NOW - HOUR, LIMITS))).toBeGreaterThanOrEqual(SHORTEST_MS);
});

test("a moment outside is brought in with as little movement as needed", () => {
  expect(reveal(VIEW, NOW - HOUR, 0.1, LIMITS)).toBe(VIEW);
  const view = reveal(VIEW, NOW - 3 * HOUR, 0.1, LIMITS);
  expect(xOf(view, WIDTH, NOW - 3 * HOUR)).toBeCloseTo(100, 6);
});

test("the view turns a page for a playhead that runs out of it, not for one that was left", () => {
  const turned = follow(VIEW, NOW - 10, NOW + 10, { ...LIMITS, latestMs: NOW + 9 * HOUR });
  expect(xOf(turned, WIDTH, NOW + 10)).toBeCloseTo(100, 6);
  expect(follow(VIEW, NOW - 5 * HOUR, NOW - 4 * HOUR, LIMITS)).toBe(VIEW);
});
