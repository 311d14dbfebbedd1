import { expect, test } from "vitest";
import { contextStep, marksIn, type Step, stepFor } from "../../src/playback/marks";
import { SHORTEST_MS, type View } from "../../src/playback/view";
import { Zone } from "../../src/playback/zone";

const HOUR = 3_600_000;
const BERLIN = new Zone("Europe/Berlin");
const HOURLY: Step = { unit: "hour", count: 1, ms: HOUR };

function dayView(zone: Zone, year: number, month: number, day: number): View {
  const noon = Date.UTC(year, month - 1, day, 12);
  return zone.dayOf(noon);
}

function clockTimes(view: View, step: Step, zone: Zone): string[] {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone.name,
    hour: "2-digit",
    minute: "2-digit",
  });
  return marksIn(view, step, zone).map(
    ({ ms, isRepeated }) => format.format(ms) + (isRepeated ? " again" : ""),
  );
}

test("a usual day has 24 hours", () => {
  const view = dayView(BERLIN, 2026, 11, 21);
  expect(view.endMs - view.startMs).toBe(24 * HOUR);
  const times = clockTimes(view, HOURLY, BERLIN);
  expect(times).toHaveLength(24);
  expect([times[0], times[23]]).toEqual(["00:00", "23:00"]);
});

test("the day on which clocks go forward has 23 hours and no two o'clock", () => {
  const view = dayView(BERLIN, 2026, 3, 29);
  expect(view.endMs - view.startMs).toBe(23 * HOUR);
  const times = clockTimes(view, HOURLY, BERLIN);
  expect(times).toHaveLength(23);
  expect(times.slice(0, 4)).toEqual(["00:00", "01:00", "03:00", "04:00"]);
});

test("the day on which clocks go back has 25 hours, and the second two o'clock is told apart", () => {
  const view = dayView(BERLIN, 2026, 10, 25);
  expect(view.endMs - view.startMs).toBe(25 * HOUR);
  const times = clockTimes(view, HOURLY, BERLIN);
  expect(times).toHaveLength(25);
  expect(times.slice(0, 5)).toEqual(["00:00", "01:00", "02:00", "02:00 again", "03:00"]);
});

test("a repeated hour is known as one when the view begins inside it", () => {
  const again = Date.UTC(2026, 9, 25, 1); // 02:00 for the second time
  const half: Step = { unit: "minute", count: 30, ms: HOUR / 2 };
  const times = clockTimes({ startMs: again, endMs: again + HOUR }, half, BERLIN);
  expect(times).toEqual(["02:00 again", "02:30 again"]);
});

test("every third hour stays at 03:00 and 06:00 on days of 23 and 25 hours", () => {
  const three: Step = { unit: "hour", count: 3, ms: 3 * HOUR };
  for (const view of [dayView(BERLIN, 2026, 3, 29), dayView(BERLIN, 2026, 10, 25)]) {
    expect(clockTimes(view, three, BERLIN)).toEqual(
      ["00", "03", "06", "09", "12", "15", "18", "21"].map((hour) => `${hour}:00`),
    );
  }
});

test("a zone that changes by half an hour has its marks on the full hours after it", () => {
  const zone = new Zone("Australia/Lord_Howe");
  const view = dayView(zone, 2026, 10, 4); // 02:00 becomes 02:30
  expect(view.endMs - view.startMs).toBe(23.5 * HOUR);
  expect(clockTimes(view, HOURLY, zone).slice(0, 4)).toEqual(["00:00", "01:00", "03:00", "04:00"]);
});

test("zones with odd offsets have their marks on their own full hours", () => {
  const zone = new Zone("Asia/Kathmandu");
  expect(clockTimes(dayView(zone, 2026, 5, 1), HOURLY, zone)[5]).toBe("05:00");
});

test("a day that begins at one o'clock begins there", () => {
  const zone = new Zone("America/Asuncion");
  const { startMs, endMs } = dayView(zone, 2023, 10, 1);
  expect(endMs - startMs).toBe(23 * HOUR);
  expect(clockTimes({ startMs, endMs }, HOURLY, zone)[0]).toBe("01:00");
});

test("days are marked where they begin, also around a change of the clocks", () => {
  const view = { startMs: Date.UTC(2026, 9, 23), endMs: Date.UTC(2026, 9, 28) };
  const days: Step = { unit: "day", count: 1, ms: 24 * HOUR };
  const marks = marksIn(view, days, BERLIN).map(({ ms }) => new Date(ms).toISOString());
  expect(marks).toEqual([
    "2026-10-23T22:00:00.000Z",
    "2026-10-24T22:00:00.000Z",
    "2026-10-25T23:00:00.000Z",
    "2026-10-26T23:00:00.000Z",
    "2026-10-27T23:00:00.000Z",
  ]);
});

test("weeks begin on Monday, quarters with their first month", () => {
  const year = { startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2027, 0, 1) };
  const utc = new Zone("UTC");
  const weeks = marksIn(year, { unit: "day", count: 7, ms: 7 * 24 * HOUR }, utc);
  expect(weeks.every(({ ms }) => new Date(ms).getUTCDay() === 1)).toBe(true);
  expect(weeks).toHaveLength(52);
  const quarters = marksIn(year, { unit: "month", count: 3, ms: 91 * 24 * HOUR }, utc);
  expect(quarters.map(({ ms }) => new Date(ms).getUTCMonth())).toEqual([0, 3, 6, 9]);
});

test("marks are never closer than asked, and never more than the view can hold", () => {
  const width = 1440;
  for (let span = SHORTEST_MS; span < 400 * 24 * HOUR; span *= 1.7) {
    const view = { startMs: Date.UTC(2026, 2, 1), endMs: Date.UTC(2026, 2, 1) + span };
    const step = stepFor(view, width, 80);
    const marks = marksIn(view, step, BERLIN);
    expect(marks.length).toBeLessThanOrEqual(width / 70);
    expect(contextStep(step).ms).toBeGreaterThan(step.ms);
  }
});
