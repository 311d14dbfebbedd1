import { expect, test } from "vitest";
import { daysOf, type Gap, type Recording, rowsOf, totalsOf } from "../../src/recordings/rows";
import { endText, isOrdinaryEnd, pictureText, sourceText } from "../../src/recordings/words";

const recording = (started_at: string, bytes = 1000) =>
  ({ id: started_at, started_at, duration_seconds: 60, bytes }) as Recording;
const gap = (started_at: string, state: Gap["state"] = "missing") =>
  ({ gap_id: started_at, started_at, state }) as Gap;

test("gaps stand between the recordings around them, newest first", () => {
  const rows = rowsOf(
    [recording("2026-11-20T10:02:00Z"), recording("2026-11-20T10:00:00Z")],
    [gap("2026-11-20T10:01:00Z")],
    false,
  );
  expect(rows.map(({ kind }) => kind)).toEqual(["recording", "gap", "recording"]);
});

test("a gap that was filled is none", () => {
  expect(rowsOf([], [gap("2026-11-20T10:01:00Z", "filled")], false)).toEqual([]);
});

test("while older recordings are not loaded, older gaps wait for them", () => {
  const gaps = [gap("2026-11-20T09:00:00Z"), gap("2026-11-20T10:01:00Z")];
  const rows = rowsOf([recording("2026-11-20T10:00:00Z")], gaps, true);
  expect(rows.map(({ atMs }) => new Date(atMs).toISOString())).toEqual([
    "2026-11-20T10:01:00.000Z",
    "2026-11-20T10:00:00.000Z",
  ]);
});

test("rows are put under the day in which they begin", () => {
  const rows = rowsOf(
    [
      recording("2026-11-20T00:30:00Z"),
      recording("2026-11-19T23:59:00Z"),
      recording("2026-11-19T22:00:00Z"),
    ],
    [],
    false,
  );
  const days = daysOf(rows, (at) => at.toISOString().slice(0, 10));
  expect(days.map(({ name, rows: own }) => [name, own.length])).toEqual([
    ["2026-11-20", 1],
    ["2026-11-19", 2],
  ]);
});

test("totals add up what is listed", () => {
  expect(totalsOf([recording("a", 1), recording("b", 2)])).toEqual({
    count: 2,
    seconds: 120,
    bytes: 3,
  });
});

test("reasons, sources and pictures are told in words, and unknown ones as they are", () => {
  expect(endText("connection_lost")).toBe("The connection to the camera broke");
  expect(endText("solar_flare")).toBe("Solar flare");
  expect(isOrdinaryEnd("rotation")).toBe(true);
  expect(isOrdinaryEnd("write_error")).toBe(false);
  expect(sourceText("live")).toBe("Live");
  expect(pictureText("h264", 1920, 1080, 25)).toBe("H264 1920×1080, 25 fps");
  expect(pictureText("h265", 640, 360, null)).toBe("H265 640×360");
});
