import { expect, test, vi } from "vitest";
import { nothingText } from "../../src/playback/empty-note";
import { Footage } from "../../src/playback/footage";
import { FrameWatch } from "../../src/playback/frame-watch";
import { Growth } from "../../src/playback/growth";
import { codecOfInit } from "../../src/playback/init-codec";
import { Latest } from "../../src/playback/latest";
import { aroundEmpty, gapsIn, type Layer, momentIn, windowFor } from "../../src/playback/layers";
import { whyMissing } from "../../src/playback/notices";
import { RulerWords } from "../../src/playback/ruler";

const NOON = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

function layer(
  startMs: number,
  endMs: number,
  recorded: [number, number][],
  gaps: object[] = [],
): Layer {
  const answer = { camera_id: "door", recorded, gaps, stored: [], pending_from_ms: null };
  return {
    startMs,
    endMs,
    footage: new Map([["door", Footage.of(answer as never, startMs, endMs)]]),
  };
}

test("of work that piles up only the newest is done", async () => {
  const done: number[] = [];
  let release = () => {};
  const latest = new Latest<number>(
    (value) =>
      new Promise((resolve) => {
        done.push(value);
        release = resolve;
      }),
    () => {},
  );
  for (const value of [1, 2, 3, 4]) latest.push(value);
  release();
  await new Promise(setImmediate);
  expect(done).toEqual([1, 4]);
});

test("work that fails is told and does not stop what comes after it", async () => {
  const errors: unknown[] = [];
  const done: number[] = [];
  const latest = new Latest<number>(
    async (value) => {
      if (value === 1) throw new Error("gone");
      done.push(value);
    },
    (error) => errors.push(error),
  );
  latest.push(1);
  latest.push(2);
  await new Promise(setImmediate);
  expect([errors.length, done]).toEqual([1, [2]]);
  latest.close();
  latest.push(3);
  await new Promise(setImmediate);
  expect(done).toEqual([2]);
});

test("who waits for growth hears of it once, and after a minute in any case", () => {
  vi.useFakeTimers();
  const growth = new Growth();
  const heard = vi.fn();
  growth.next(heard);
  growth.tell();
  growth.tell();
  expect(heard).toHaveBeenCalledTimes(1);
  growth.next(heard);
  vi.advanceTimersByTime(60_000);
  expect(heard).toHaveBeenCalledTimes(2);
  growth.next(heard)();
  growth.tell();
  expect(heard).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

test("codec strings are read from init segments", () => {
  const box = (name: string, body: number[]) =>
    new Uint8Array([
      0,
      0,
      0,
      8,
      ...[...name].map((c) => c.charCodeAt(0)),
      ...body,
      ...Array(20).fill(0),
    ]);
  expect(codecOfInit(box("avcC", [1, 0x64, 0x00, 0x28]))).toBe("avc1.640028");
  const hevc = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
  expect(codecOfInit(box("hvcC", hevc))).toBe("hvc1.1.6.L93.90");
  expect(codecOfInit(new Uint8Array([1, 2, 3]))).toBeNull();
});

test("views beside each other share one window, which holds them and room around", () => {
  const view = { startMs: NOON, endMs: NOON + HOUR };
  const window = windowFor(view);
  expect(window.startMs).toBeLessThan(view.startMs);
  expect(window.endMs).toBeGreaterThan(view.endMs);
  expect(windowFor({ startMs: NOON + 1000, endMs: NOON + HOUR + 1000 })).toEqual(window);
});

test("the widest view fits into what the server answers", () => {
  const days = 400 * 24 * HOUR;
  const view = { startMs: NOON - days, endMs: NOON };
  const window = windowFor(view);
  expect(window.endMs - window.startMs).toBeLessThanOrEqual(days);
  expect(window.startMs).toBeLessThanOrEqual(view.startMs);
  expect(window.endMs).toBeGreaterThanOrEqual(view.endMs);
});

test("the finest layer that knows a moment decides", () => {
  const coarse = layer(NOON - 100 * HOUR, NOON, [[NOON - 100 * HOUR, NOON]]);
  const fine = layer(NOON - HOUR, NOON, [[NOON - HOUR, NOON - HOUR / 2]]);
  const layers = [coarse, fine];
  expect(momentIn(layers, "door", NOON - 2 * HOUR, NOON).kind).toBe("recorded");
  expect(momentIn(layers, "door", NOON - HOUR / 4, NOON).kind).toBe("nothing");
  expect(momentIn(layers, "hall", NOON - HOUR / 4, NOON).kind).toBe("unknown");
});

test("an empty view is told where footage is before and after it", () => {
  const all = layer(NOON - 100 * HOUR, NOON + HOUR, [
    [NOON - 90 * HOUR, NOON - 80 * HOUR],
    [NOON - 2 * HOUR, NOON - HOUR],
  ]);
  const empty = layer(NOON - 60 * HOUR, NOON - 40 * HOUR, []);
  const view = { startMs: NOON - 55 * HOUR, endMs: NOON - 45 * HOUR };
  const around = aroundEmpty([all, empty], ["door"], view);
  expect(around?.afterMs).toBe(NOON - 2 * HOUR);
  expect(around?.beforeMs).toBeLessThan(NOON - 80 * HOUR);
  expect(aroundEmpty([all], ["door"], view)).toBeNull();
  const full = { startMs: NOON - 2 * HOUR, endMs: NOON - HOUR };
  expect(aroundEmpty([all, layer(NOON - 3 * HOUR, NOON, [])], ["door"], full)).toBeNull();
});

test("the gaps of a view are listed in order of time, from the finest layer", () => {
  const gaps = [
    { start_ms: NOON - 100, end_ms: NOON - 50, reason: "camera_offline", detail: "" },
    { start_ms: NOON - 400, end_ms: NOON - 300, reason: "spool_full", detail: "" },
  ];
  const layers = [layer(NOON - HOUR, NOON, []), layer(NOON - 1000, NOON, [], gaps)];
  const found = gapsIn(layers, ["door"], { startMs: NOON - 500, endMs: NOON });
  expect(found.map(({ gap }) => gap.reason)).toEqual(["spool_full", "camera_offline"]);
});

test("why nothing was recorded names the longest reason first, and what was not wanted", () => {
  const { footage } = layer(
    0,
    100_000,
    [],
    [
      { start_ms: 0, end_ms: 10_000, reason: "camera_offline", detail: "x" },
      { start_ms: 10_000, end_ms: 40_000, reason: "spool_full", detail: "y" },
    ],
  );
  expect(whyMissing(footage, ["door"], 0, 40_000)).toEqual([
    "there was no disk space left",
    "the camera could not be reached",
  ]);
  expect(whyMissing(footage, ["door"], 0, 100_000)[0]).toBe("recording was not switched on");
});

test("marks are in 24 hours of the zone, and a repeated one says which it is", () => {
  const words = new RulerWords("Europe/Berlin");
  const step = { unit: "hour", count: 1, ms: HOUR } as const;
  expect(words.mark({ ms: NOON, isRepeated: false }, step)).toBe("13:00");
  const again = Date.UTC(2026, 9, 25, 1);
  expect(words.mark({ ms: again, isRepeated: true }, step)).toMatch(/^02:00 \S+/);
  expect(words.context(NOON, { unit: "day", count: 1, ms: 24 * HOUR })).toContain("21 Nov 2026");
});

test("frames are stepped by their own length, to the middle of the next one", () => {
  let shown: (now: number, frame: { mediaTime: number }) => void = () => {};
  const video = {
    requestVideoFrameCallback: (callback: typeof shown) => {
      shown = callback;
      return 1;
    },
    cancelVideoFrameCallback: () => {},
  };
  const frames = new FrameWatch(video as unknown as HTMLVideoElement);
  for (const mediaTime of [1, 1.05, 1.1, 1.2]) shown(0, { mediaTime });
  expect(frames.stepped(1.21, 1)).toBeCloseTo(1.275);
  expect(frames.stepped(1.21, -1)).toBeCloseTo(1.175);
});

test("a browser that does not tell frames steps by the usual length", () => {
  const frames = new FrameWatch({} as HTMLVideoElement);
  expect(frames.stepped(5, 1)).toBeCloseTo(5.04);
  expect(frames.stepped(5, -1)).toBeCloseTo(4.96);
});

test("where nothing was recorded yet, a gap tells why; without one recording is switched off", () => {
  const gap = { start_ms: NOON - 100, end_ms: NOON, reason: "camera_offline", detail: "x" };
  const view = { startMs: NOON - HOUR, endMs: NOON };
  const gaps = gapsIn([layer(NOON - HOUR, NOON, [], [gap])], ["door"], view);
  expect(nothingText(gaps)).toBe("Nothing was recorded yet: the camera could not be reached.");
  expect(nothingText([])).toContain("Switch recording on");
});
