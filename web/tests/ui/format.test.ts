import { expect, test } from "vitest";
import { formatBitrate, formatBytes, formatSeconds, formatTime } from "../../src/ui/format";

test.each([
  [0, "0 s"],
  [0.44, "0.4 s"],
  [9.97, "10 s"],
  [59.6, "1 min"],
  [200, "3 min 20 s"],
  [3600, "1 h"],
  [3605, "1 h"],
  [187_200, "2 d 4 h"],
  [-61, "-1 min 1 s"],
  [Number.NaN, "–"],
])("%d seconds read as %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [99_949, "99.9 kB"],
  [99_951, "100 kB"],
  [999_600, "1.0 MB"],
  [1.23e12, "1.2 TB"],
])("%d bytes read as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [512_000, "512 kbit/s"],
  [999_700, "1.0 Mbit/s"],
  [4_200_000, "4.2 Mbit/s"],
])("%d bits per second read as %s", (bits, text) => {
  expect(formatBitrate(bits)).toBe(text);
});

test("times have 24 hours and stand in the asked zone", () => {
  const midnight = new Date("2026-10-24T22:30:15Z");

  expect(formatTime(midnight, "second", "Europe/Berlin")).toBe("25 Oct 2026, 00:30:15");
  expect(formatTime(midnight, "clock", "UTC")).toBe("22:30:15");
  expect(formatTime(new Date("nonsense"))).toBe("–");
});
