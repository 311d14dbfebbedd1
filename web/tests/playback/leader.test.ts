import { expect, test } from "vitest";
import type { Report } from "../../src/playback/camera-player";
import { Leadership } from "../../src/playback/leader";

const GOOD: Report = { screen: { kind: "showing" }, wallMs: 1, holeUntilMs: null, isLate: false };
const LATE: Report = { screen: { kind: "loading" }, wallMs: null, holeUntilMs: null, isLate: true };
const NONE: Report = { screen: { kind: "none" }, wallMs: null, holeUntilMs: null, isLate: false };

function reports(one: Report, other: Report): Map<string, Report> {
  return new Map([
    ["one", one],
    ["other", other],
  ]);
}
const BOTH = ["one", "other"];

test("the first camera with footage leads, and is waited for while it loads", () => {
  const leadership = new Leadership();
  leadership.choose(BOTH, reports(LATE, GOOD), 0);
  expect([leadership.camera, leadership.isWaitedFor]).toEqual(["one", true]);
  leadership.choose(BOTH, reports(NONE, GOOD), 100);
  expect([leadership.camera, leadership.isWaitedFor]).toEqual(["other", false]);
});

test("the preferred camera leads where it can", () => {
  const leadership = new Leadership();
  leadership.prefer("other");
  leadership.choose(BOTH, reports(GOOD, GOOD), 0);
  expect(leadership.camera).toBe("other");
  leadership.choose(BOTH, reports(GOOD, NONE), 0);
  expect(leadership.camera).toBe("one");
});

test("a camera that does not come gives the lead to one that does", () => {
  const leadership = new Leadership();
  for (let ticks = 0; ticks <= 6000; ticks += 500) {
    leadership.choose(BOTH, reports(LATE, GOOD), ticks);
  }
  expect([leadership.camera, leadership.isWaitedFor]).toEqual(["other", false]);
  leadership.reset();
  leadership.choose(BOTH, reports(LATE, GOOD), 7000);
  expect(leadership.camera).toBe("one");
});

test("nobody leads where no camera has footage", () => {
  const leadership = new Leadership();
  leadership.choose(BOTH, reports(NONE, NONE), 0);
  expect([leadership.camera, leadership.isWaitedFor]).toEqual([null, false]);
});

test("stopping again and again counts as too slow; the first loading does not", () => {
  const leadership = new Leadership();
  leadership.reset();
  for (let ticks = 0; ticks < 4000; ticks += 100) {
    leadership.choose(BOTH, reports(LATE, LATE), ticks);
  }
  expect(leadership.isTooSlow).toBe(false);
  for (let ticks = 4000; ticks < 9000; ticks += 100) {
    const isLate = ticks % 200 === 0;
    leadership.choose(BOTH, reports(isLate ? LATE : GOOD, GOOD), ticks);
  }
  expect(leadership.isTooSlow).toBe(true);
});
