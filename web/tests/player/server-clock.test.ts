import { expect, test } from "vitest";
import { ServerClock } from "../../src/player/server-clock";

test("clocks that agree are left alone, whatever the way takes", () => {
  const clock = new ServerClock(() => 10_000);
  clock.observe(9_700);
  expect(clock.now()).toBe(10_000);
});

test("a clock that is ahead is corrected by the fastest message", () => {
  const clock = new ServerClock(() => 100_000);
  clock.observe(39_000);
  clock.observe(40_000);
  clock.observe(38_000);
  expect(clock.now()).toBe(40_000);
});

test("a clock that is behind is corrected", () => {
  const clock = new ServerClock(() => 10_000);
  clock.observe(12_000);
  expect(clock.now()).toBe(12_000);
});

test("a clock that was set meanwhile is noticed", () => {
  let now = 0;
  const clock = new ServerClock(() => now);
  clock.observe(0);
  now = 200_000;
  clock.observe(100_000);
  expect(clock.correctionMs).toBe(100_000);
});
