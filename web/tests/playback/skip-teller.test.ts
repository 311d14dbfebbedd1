import { expect, test } from "vitest";
import { Footage } from "../../src/playback/footage";
import type { Next } from "../../src/playback/skip";
import { SKIP_HOLD_MS, SkipTeller } from "../../src/playback/skip-teller";

const FOOTAGE = new Map([
  [
    "door",
    Footage.of(
      {
        camera_id: "door",
        recorded: [
          [0, 10_000],
          [70_000, 90_000],
        ],
        gaps: [{ start_ms: 10_000, end_ms: 70_000, reason: "camera_offline", detail: "no route" }],
        stored: [],
        pending_from_ms: null,
      },
      0,
      100_000,
    ),
  ],
]);
const PLAY: Next = { kind: "play" };
const SKIP: Next = { kind: "skip", toMs: 70_000, missing: [] };

function at(wallMs: number, ticks: number, isPlaying = true) {
  return { wallMs, ticks, isPlaying, cameras: ["door"], footage: FOOTAGE };
}

function teller(next: number | null = null): SkipTeller {
  return new SkipTeller(async () => next);
}

test("playing into a gap it stops, tells what is missing and why, then goes on", () => {
  const skips = teller();
  skips.decide(PLAY, at(9990, 0));
  expect(skips.decide(SKIP, at(10_010, 20))).toBeNull();
  expect(skips.isHolding).toBe(true);
  expect(skips.notice).toEqual({
    startMs: 10_010,
    endMs: 70_000,
    reasons: ["the camera could not be reached"],
  });
  expect(skips.decide(SKIP, at(10_010, SKIP_HOLD_MS))).toBeNull();
  expect(skips.decide(SKIP, at(10_010, 30 + SKIP_HOLD_MS))).toBe(70_000);
  expect(skips.isHolding).toBe(false);
  expect(skips.notice).not.toBeNull();
});

test("the notice goes by itself", () => {
  const skips = teller();
  skips.decide(SKIP, at(10_010, 0));
  skips.decide(PLAY, at(70_000, 100));
  expect(skips.notice).not.toBeNull();
  skips.decide(PLAY, at(80_000, 20_000));
  expect(skips.notice).toBeNull();
});

test("a click into a gap jumps at once and says so", () => {
  const skips = teller();
  skips.decide(PLAY, at(5000, 0));
  skips.seek();
  expect(skips.decide(SKIP, at(30_000, 10))).toBe(70_000);
  expect(skips.notice?.startMs).toBe(30_000);
});

test("a gap of less than a second is not worth a word", () => {
  const skips = teller();
  skips.decide(PLAY, at(69_000, 0));
  expect(skips.decide(SKIP, at(69_500, 10))).toBe(70_000);
  expect(skips.notice).toBeNull();
});

test("pausing takes the notice away", () => {
  const skips = teller();
  skips.decide(PLAY, at(9990, 0));
  skips.decide(SKIP, at(10_010, 10));
  skips.dismiss();
  expect([skips.isHolding, skips.notice]).toEqual([false, null]);
});

test("behind what is known it asks once for the next recording and goes there", async () => {
  const asked: number[] = [];
  const skips = new SkipTeller(async (_camera, afterMs) => {
    asked.push(afterMs);
    return 500_000;
  });
  const look: Next = { kind: "look", fromMs: 100_000, missing: [] };
  expect(skips.decide(look, at(95_000, 0))).toBeNull();
  await Promise.resolve();
  await new Promise(setImmediate);
  expect(skips.decide(look, at(95_000, 16))).toBe(500_000);
  expect(asked).toEqual([95_000]);
});

test("with nothing to come it says that this is the end, until something is recorded", async () => {
  const skips = teller(null);
  const look: Next = { kind: "look", fromMs: 100_000, missing: [] };
  skips.decide(look, at(95_000, 0));
  await new Promise(setImmediate);
  skips.decide(look, at(95_000, 16));
  expect(skips.isEnd).toBe(true);
  skips.forgetEnd();
  expect(skips.isEnd).toBe(false);
});

test("a server that does not answer is no end", async () => {
  const skips = new SkipTeller(() => Promise.reject(new Error("away")));
  skips.decide({ kind: "look", fromMs: 100_000, missing: [] }, at(95_000, 0));
  await new Promise(setImmediate);
  expect(skips.isEnd).toBe(false);
});
