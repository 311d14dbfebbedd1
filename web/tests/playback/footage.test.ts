import { expect, test } from "vitest";
import { Footage, type TimelineAnswer } from "../../src/playback/footage";
import { nextAt } from "../../src/playback/skip";

const ANSWER: TimelineAnswer = {
  camera_id: "door",
  recorded: [
    [1000, 2000],
    [2040, 3000],
    [5000, 6000],
  ],
  gaps: [
    { start_ms: 3000, end_ms: 4500, reason: "camera_offline", detail: "no route" },
    { start_ms: 4500, end_ms: 5000, reason: "connecting", detail: "" },
  ],
  stored: [[3500, 4000]],
  pending_from_ms: 6000,
};
const FOOTAGE = Footage.of(ANSWER, 0, 10_000);
const NOW = 7000;

test("a moment is recorded, a gap with its reason, nothing, on its way or in the future", () => {
  expect(FOOTAGE.at(1000, NOW).kind).toBe("recorded");
  expect(FOOTAGE.at(3200, NOW)).toMatchObject({
    kind: "gap",
    isStored: false,
    gap: { reason: "camera_offline", detail: "no route" },
  });
  expect(FOOTAGE.at(3600, NOW)).toMatchObject({ kind: "gap", isStored: true });
  expect(FOOTAGE.at(500, NOW)).toEqual({ kind: "nothing", isStored: false });
  expect(FOOTAGE.at(6500, NOW)).toEqual({ kind: "pending" });
  expect(FOOTAGE.at(8000, NOW)).toEqual({ kind: "future" });
  expect(FOOTAGE.at(10_000, NOW)).toEqual({ kind: "unknown" });
});

test("recordings that join up to rounding are one", () => {
  expect(FOOTAGE.at(2020, NOW)).toEqual({ kind: "recorded", startMs: 1000, endMs: 3000 });
});

test("gaps of a stretch are those that touch it", () => {
  expect(FOOTAGE.gapsIn(4499, 4501).map(({ reason }) => reason)).toEqual([
    "camera_offline",
    "connecting",
  ]);
  expect(FOOTAGE.gapsIn(5000, 9000)).toEqual([]);
});

const OTHER = Footage.of(
  { camera_id: "yard", recorded: [[3500, 3800]], gaps: [], stored: [], pending_from_ms: null },
  0,
  10_000,
);
const BOTH = new Map([
  ["door", FOOTAGE],
  ["yard", OTHER],
]);

test("one camera with footage is enough to play", () => {
  expect(nextAt(BOTH, ["door", "yard"], 3600, NOW)).toEqual({ kind: "play" });
});

test("where none has footage it goes on at the first of them that has, and says what was missing", () => {
  const next = nextAt(BOTH, ["door", "yard"], 3100, NOW);
  expect(next).toMatchObject({ kind: "skip", toMs: 3500 });
  if (next.kind !== "skip") throw new Error(next.kind);
  expect(next.missing.map(({ moment }) => moment.kind)).toEqual(["gap", "nothing"]);
});

test("behind the last recording it waits for what is being recorded", () => {
  expect(nextAt(BOTH, ["door"], 6500, NOW)).toEqual({ kind: "wait" });
});

test("with nothing known to come it looks behind what was asked for", () => {
  expect(nextAt(BOTH, ["yard"], 5000, NOW)).toMatchObject({ kind: "look", fromMs: 10_000 });
});

test("a camera that was not asked for yet is not taken for one without footage", () => {
  expect(nextAt(BOTH, ["yard", "hall"], 5000, NOW)).toEqual({ kind: "unknown" });
  expect(nextAt(BOTH, ["yard", "hall"], 3600, NOW)).toEqual({ kind: "play" });
});
