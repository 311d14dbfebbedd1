import { expect, test } from "vitest";
import { type Steered, steer } from "../../src/playback/steering";

const PLAYING: Steered = {
  place: { kind: "inside", mediaTime: 10 },
  mediaTime: 10,
  isSeeking: false,
  sinceSeekMs: 60_000,
  isRunning: true,
  isExact: false,
  rate: 1,
  isLeader: false,
};

test("a video at its place plays on", () => {
  expect(steer(PLAYING)).toEqual({ seekTo: null, isPlaying: true, rate: 1 });
});

test("a little behind it is played faster, a little ahead slower", () => {
  expect(steer({ ...PLAYING, mediaTime: 9.9 }).rate).toBeCloseTo(1.1);
  expect(steer({ ...PLAYING, mediaTime: 10.1, rate: 2 }).rate).toBeCloseTo(1.8);
});

test("the leader is not corrected in small things", () => {
  expect(steer({ ...PLAYING, mediaTime: 9.9, isLeader: true }).rate).toBe(1);
});

test("far off it jumps, and not again before it has shown something", () => {
  const behind = { ...PLAYING, mediaTime: 8 };
  expect(steer(behind)).toEqual({ seekTo: 10, isPlaying: true, rate: 1 });
  expect(steer({ ...behind, sinceSeekMs: 300 }).seekTo).toBeNull();
  expect(steer({ ...behind, isSeeking: true }).seekTo).toBeNull();
  expect(steer({ ...PLAYING, mediaTime: 12 }).isPlaying).toBe(false);
});

test("at high speed more is taken as near", () => {
  expect(steer({ ...PLAYING, mediaTime: 9, rate: 4 }).seekTo).toBeNull();
});

test("held for a moment it waits where it is", () => {
  const held = { ...PLAYING, isRunning: false };
  expect(steer({ ...held, mediaTime: 10.1 })).toEqual({ seekTo: null, isPlaying: false, rate: 1 });
  expect(steer({ ...held, mediaTime: 12 }).seekTo).toBe(10);
});

test("standing still it shows exactly the moment", () => {
  const still = { ...PLAYING, isRunning: false, isExact: true };
  expect(steer({ ...still, mediaTime: 10.004 })).toEqual({
    seekTo: null,
    isPlaying: false,
    rate: 1,
  });
  expect(steer({ ...still, mediaTime: 10.02 }).seekTo).toBe(10);
});

test("in a hole it waits at what comes next", () => {
  const next = { wallMs: 99, mediaTime: 20 };
  const hole = { ...PLAYING, place: { kind: "hole", next } as const };
  expect(steer(hole)).toEqual({ seekTo: 20, isPlaying: false, rate: 1 });
  expect(steer({ ...hole, mediaTime: 20 }).seekTo).toBeNull();
  expect(steer({ ...PLAYING, place: { kind: "hole", next: null } }).seekTo).toBeNull();
});
