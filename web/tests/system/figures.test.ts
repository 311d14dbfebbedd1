import { expect, test } from "vitest";
import {
  bytesPerDay,
  figureText,
  isAlarm,
  levelOfUse,
  plainFigures,
  shareOf,
  spoolOf,
} from "../../src/system/figures";

const figure = (name: string, value: number, unit = "") => ({ name, label: name, value, unit });

test("figures are told in their unit", () => {
  expect(figureText(figure("cameras", 3))).toBe("3");
  expect(figureText(figure("spool_bytes", 1_200_000, "bytes"))).toBe("1.2 MB");
  expect(figureText(figure("oldest", 90, "seconds"))).toBe("1 min 30 s");
  expect(figureText(figure("leader", 1, "yes_no"))).toBe("yes");
  expect(figureText(figure("leader", 0, "yes_no"))).toBe("no");
});

test("a spool is shown where a service has one with a limit", () => {
  expect(spoolOf([figure("spool_bytes", 5), figure("spool_limit_bytes", 10)])).toEqual({
    used: 5,
    limit: 10,
  });
  expect(spoolOf([figure("spool_bytes", 5)])).toBeNull();
});

test("a small share is not shown as none", () => {
  expect(shareOf(1, 1000)).toBe("< 1 %");
  expect(shareOf(0, 1000)).toBe("0 %");
  expect(shareOf(250, 1000)).toBe("25 %");
  expect(shareOf(0, 0)).toBe("–");
});

test("what a bar shows is not told twice", () => {
  const cameras = figure("cameras", 3);
  const used = figure("spool_bytes", 5);
  expect(plainFigures([cameras, used, figure("spool_limit_bytes", 10)])).toEqual([cameras]);
  expect(plainFigures([cameras, used])).toEqual([cameras, used]);
});

test.each([
  { used: 0, level: "good" },
  { used: 69, level: "good" },
  { used: 70, level: "busy" },
  { used: 90, level: "bad" },
  { used: 120, level: "bad" },
])("$used of 100 is $level", ({ used, level }) => {
  expect(levelOfUse(used, 100)).toBe(level);
});

test("a database that does not answer is an alarm, a standby that watches nothing is none", () => {
  expect(isAlarm(figure("database", 0, "yes_no"))).toBe(true);
  expect(isAlarm(figure("database", 1, "yes_no"))).toBe(false);
  expect(isAlarm(figure("leader", 0, "yes_no"))).toBe(false);
});

test("what a day takes is known once there is a minute of footage", () => {
  expect(bytesPerDay(1000, 59)).toBeNull();
  expect(bytesPerDay(1000, 86_400)).toBe(1000);
});
