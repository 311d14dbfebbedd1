import { expect, test } from "vitest";
import { figureText, shareOf, spoolOf } from "../../src/system/figures";

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
