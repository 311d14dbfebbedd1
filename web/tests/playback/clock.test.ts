import { expect, test } from "vitest";
import { PlaybackClock } from "../../src/playback/clock";

function clockAt(wallMs: number) {
  const time = { ticks: 0 };
  const clock = new PlaybackClock(wallMs, () => time.ticks);
  return { clock, time };
}

test("a stopped clock stands still, a running one goes by its rate", () => {
  const { clock, time } = clockAt(1000);
  time.ticks = 500;
  expect(clock.wallMs).toBe(1000);
  clock.setRate(4);
  clock.run();
  time.ticks = 600;
  expect(clock.wallMs).toBe(1400);
  clock.stop();
  time.ticks = 900;
  expect(clock.wallMs).toBe(1400);
});

test("changing the speed while running changes no moment", () => {
  const { clock, time } = clockAt(0);
  clock.run();
  time.ticks = 100;
  clock.setRate(16);
  expect(clock.wallMs).toBe(100);
  time.ticks = 110;
  expect(clock.wallMs).toBe(260);
});

test("it goes on from where it is set", () => {
  const { clock, time } = clockAt(0);
  clock.run();
  time.ticks = 40;
  clock.set(10_000);
  time.ticks = 50;
  expect(clock.wallMs).toBe(10_010);
});

test("running twice does not count time twice", () => {
  const { clock, time } = clockAt(0);
  clock.run();
  time.ticks = 10;
  clock.run();
  time.ticks = 20;
  expect(clock.wallMs).toBe(20);
});
