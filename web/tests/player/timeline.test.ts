import { beforeEach, expect, test } from "vitest";
import type { PartHeader } from "../../src/player/protocol";
import { type Placement, Timeline } from "../../src/player/timeline";
import { part } from "./parts";

let timeline: Timeline;
beforeEach(() => {
  timeline = new Timeline();
});

function append(header: PartHeader): Extract<Placement, { action: "append" }> {
  const place = timeline.place(header);
  if (place.action !== "append") throw new Error(`dropped: ${place.reason}`);
  return place;
}

function play(...numbers: number[]): void {
  for (const number of numbers) append(part({}, number));
}

test("playback begins at 0 whatever the timestamps are", () => {
  const place = append(part());
  expect([place.start, place.end, place.timestampOffset]).toEqual([0, 0.2, -10]);
});

test("contiguous parts follow each other with the same offset", () => {
  play(0, 1, 2, 3, 4);
  const place = append(part({}, 5));
  expect(place.isBreak).toBe(false);
  expect(place.start).toBeCloseTo(1);
  expect(place.timestampOffset).toBe(-10);
});

test("it begins with a keyframe", () => {
  expect(timeline.place(part({}, 3))).toEqual({ action: "drop", reason: "keyframe" });
  expect(append(part({}, 5)).start).toBe(0);
});

test("a part that is told again is dropped, also one of an earlier segment", () => {
  play(0, 1, 2, 3, 4, 5, 6);
  for (const number of [6, 5, 4, 0]) {
    expect(timeline.place(part({}, number))).toEqual({ action: "drop", reason: "duplicate" });
  }
  expect(append(part({}, 7)).isBreak).toBe(false);
});

test("after a missing part the next keyframe follows without a hole", () => {
  play(0, 1);
  expect(timeline.place(part({}, 3)).action).toBe("drop");
  expect(timeline.place(part({}, 4)).action).toBe("drop");
  const place = append(part({}, 5));
  expect(place.isBreak).toBe(true);
  expect(place.start).toBeCloseTo(0.4);
  expect(place.timestampOffset).toBeCloseTo(-10.6);
});

test("a discontinuity is joined to what was there, forward and back in the camera's time", () => {
  play(0, 1);
  const forward = append(part({ msn: 1, part: 0, discontinuity: 1, start_90k: 90_000_000 }));
  expect(forward.start).toBeCloseTo(0.4);
  const back = append(part({ msn: 2, part: 0, discontinuity: 2, start_90k: 0 }));
  expect(back.start).toBeCloseTo(0.6);
  expect(back.timestampOffset).toBeCloseTo(0.6);
});

test("a discontinuity that does not begin with a keyframe waits for one", () => {
  play(0, 1);
  const header = part({ discontinuity: 1, msn: 1, part: 0, independent: false });
  expect(timeline.place(header)).toEqual({ action: "drop", reason: "keyframe" });
});

test("new numbering takes the same numbers again", () => {
  play(0, 1);
  const place = append(part({ live_id: "two" }));
  expect(place.isBreak).toBe(true);
  expect(place.start).toBeCloseTo(0.4);
});

test("other parameters need a keyframe and go on at the same times", () => {
  play(0, 1);
  const dull = part({ init_id: "bb", independent: false }, 2);
  expect(timeline.place(dull).action).toBe("drop");
  const place = append(part({ init_id: "bb", independent: true }, 3));
  expect(place.start).toBeCloseTo(0.4);
});

test("steps too small to see keep the offset", () => {
  play(0, 1);
  const late = part({ start_90k: 900_000 + 2 * 18_000 + 900 }, 2);
  expect(append(late).timestampOffset).toBe(-10);
});

test("wall time follows the media time across a discontinuity", () => {
  play(0, 1);
  const wall = part().start_ms + 60_000;
  append(part({ msn: 1, part: 0, discontinuity: 1, start_90k: 5, start_ms: wall }));
  expect(timeline.wallTimeMs(0.1)).toBeCloseTo(part().start_ms + 100, 3);
  expect(timeline.wallTimeMs(0.5)).toBeCloseTo(wall + 100, 3);
});

test("behind the edge the picture stays the one of the edge", () => {
  play(0);
  expect(timeline.wallTimeMs(5)).toBeCloseTo(part().start_ms + 200, 3);
  expect(timeline.edge).toBeCloseTo(0.2);
});

test("there is no wall time before there is a picture", () => {
  expect(timeline.wallTimeMs(0)).toBeNull();
  play(0);
  expect(timeline.wallTimeMs(-1)).toBeNull();
});

test("a new element timeline begins at 0 and takes parts that were there before", () => {
  play(0, 1, 2, 3, 4, 5);
  timeline.restart();
  expect(append(part({}, 5)).start).toBe(0);
});

test("after something was lost on the way a keyframe is needed", () => {
  play(0, 1);
  timeline.interrupt();
  expect(timeline.place(part({}, 2))).toEqual({ action: "drop", reason: "keyframe" });
});

test("an hour of parts keeps a bounded map", () => {
  for (let number = 0; number < 18_000; number++) append(part({}, number));
  expect(timeline.wallTimeMs(3599.9)).toBeCloseTo(part().start_ms + 3_599_900, 0);
  expect(timeline.wallTimeMs(10)).toBeNull();
});
