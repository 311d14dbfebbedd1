import { expect, test } from "vitest";
import {
  type Gap,
  joined,
  type Loaded,
  newestOf,
  type Recording,
  type Row,
  rowsOf,
  totalsOf,
  withNews,
} from "../../src/recordings/rows";
import { endText, isOrdinaryEnd, pictureText, sourceText } from "../../src/recordings/words";

const recording = (started_at: string, bytes = 1000) =>
  ({ id: started_at, started_at, duration_seconds: 60, bytes }) as Recording;
const gap = (started_at: string, state: Gap["state"] = "missing") =>
  ({ gap_id: `gap ${started_at}`, started_at, state }) as Gap;
const loaded = (part: Partial<Loaded>): Loaded => ({
  recordings: [],
  gaps: [],
  note: "",
  next: null,
  ...part,
});
const kinds = (rows: readonly Row[]) => rows.map(({ kind }) => kind);

/** In the zone of whoever runs the tests, as the page has it. */
const local = (day: number, hour: number, minute = 0) =>
  new Date(2026, 10, day, hour, minute).toISOString();

test("gaps stand between the recordings around them, newest first, under their day", () => {
  const rows = rowsOf(
    loaded({
      recordings: [recording(local(20, 10, 2)), recording(local(20, 10))],
      gaps: [gap(local(20, 10, 1))],
    }),
  );
  expect(kinds(rows)).toEqual(["day", "recording", "gap", "recording"]);
});

test("a gap that was filled is none", () => {
  expect(rowsOf(loaded({ gaps: [gap(local(20, 10), "filled")] }))).toEqual([]);
});

test("while older recordings are not loaded, older gaps wait for them", () => {
  const rows = rowsOf(
    loaded({
      recordings: [recording(local(20, 10))],
      gaps: [gap(local(20, 9)), gap(local(20, 11))],
      next: "cursor",
    }),
  );
  expect(kinds(rows)).toEqual(["day", "gap", "recording"]);
});

test("each day has its heading", () => {
  const starts = [local(20, 0, 30), local(19, 23, 59), local(19, 0, 0)];
  const rows = rowsOf(loaded({ recordings: starts.map((at) => recording(at)) }));
  expect(kinds(rows)).toEqual(["day", "recording", "day", "recording", "recording"]);
});

test("what two pages have counts once, and the last page says whether there is more", () => {
  const both = joined([
    loaded({ recordings: [recording("b"), recording("a")], gaps: [gap("a")], next: "cursor" }),
    loaded({ recordings: [recording("a")], gaps: [gap("a")], note: "too many" }),
  ]);
  expect(both.recordings.map(({ id }) => id)).toEqual(["b", "a"]);
  expect(both.gaps).toHaveLength(1);
  expect(both).toMatchObject({ note: "too many", next: null });
});

test("news come first and replace what they tell anew", () => {
  const [first, second] = withNews(
    [
      loaded({ recordings: [recording(local(20, 10))], gaps: [gap(local(20, 9), "open")] }),
      loaded({ recordings: [recording(local(20, 8))] }),
    ],
    loaded({
      recordings: [recording(local(20, 11)), recording(local(20, 10), 7)],
      gaps: [gap(local(20, 9), "missing")],
      next: "of the news",
    }),
  );
  expect(first?.recordings.map(({ bytes }) => bytes)).toEqual([1000, 7]);
  expect(first?.gaps.map(({ state }) => state)).toEqual(["missing"]);
  expect(first?.next).toBeNull();
  expect(second?.recordings).toHaveLength(1);
});

test("news that are older than all that is loaded wait for their page", () => {
  const [first] = withNews(
    [loaded({ recordings: [recording(local(20, 10))], next: "cursor" })],
    loaded({ recordings: [recording(local(20, 11)), recording(local(20, 9))] }),
  );
  expect(first?.recordings.map(({ started_at }) => started_at)).toEqual([
    local(20, 11),
    local(20, 10),
  ]);
});

test("the newest recording is found wherever it stands", () => {
  const starts = ["2026-11-20T10:00:00.000Z", "2026-11-20T11:00:00.000Z"];
  expect(newestOf(starts.map((at) => recording(at)))).toBe(starts[1]);
  expect(newestOf([])).toBeNull();
});

test("totals add up what is listed", () => {
  expect(totalsOf([recording("a", 1), recording("b", 2)])).toEqual({
    count: 2,
    seconds: 120,
    bytes: 3,
  });
});

test("reasons, sources and pictures are told in words, and unknown ones as they are", () => {
  const picture = { video_codec: "avc1.42C01F", width: 1920, height: 1080, fps: 25 };
  expect(endText("connection_lost")).toBe("The connection to the camera broke");
  expect(endText("solar_flare")).toBe("Solar flare");
  expect(isOrdinaryEnd("rotation")).toBe(true);
  expect(isOrdinaryEnd("write_error")).toBe(false);
  expect(sourceText("live")).toBe("Live");
  expect(pictureText(picture)).toBe("H.264 1920×1080, 25 fps");
  expect(pictureText({ ...picture, video_codec: "vp9", fps: null })).toBe("vp9 1920×1080");
});
