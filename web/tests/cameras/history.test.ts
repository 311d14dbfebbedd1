import { expect, test } from "vitest";
import { clockWarning } from "../../src/cameras/clock";
import { changesIn, reachedShare, stretches } from "../../src/cameras/history";

const FROM = Date.parse("2026-11-20T00:00:00Z");
const TO = Date.parse("2026-11-20T10:00:00Z");
const change = (at: string, state: string) => ({ at: `2026-11-${at}:00:00Z`, state, detail: "" });
const shown = (changes: ReturnType<typeof change>[]) =>
  stretches(changes, FROM, TO).map(({ tone, share }) => [tone, Number(share.toFixed(2))]);

test("what held before the range holds at its beginning", () => {
  expect(shown([change("19T12", "online"), change("20T08", "offline")])).toEqual([
    ["good", 0.8],
    ["bad", 0.2],
  ]);
});

test("before the first change nothing is known, and that counts neither way", () => {
  const changes = [change("20T05", "online"), change("20T09", "offline")];

  expect(shown(changes)).toEqual([
    ["plain", 0.5],
    ["good", 0.4],
    ["bad", 0.1],
  ]);
  expect(reachedShare(stretches(changes, FROM, TO))).toBeCloseTo(0.8);
});

test("a time without any break is whole, whatever the rounding", () => {
  const changes = [change("19T12", "online"), change("20T03", "online"), change("20T07", "online")];

  expect(reachedShare(stretches(changes, FROM, TO))).toBe(1);
});

test("nothing known is no share", () => {
  expect(reachedShare(stretches([], FROM, TO))).toBeNull();
  expect(reachedShare(stretches([change("19T12", "strange")], FROM, TO))).toBeNull();
});

test("a change that is dated after the end is left out", () => {
  expect(shown([change("19T12", "online"), change("20T12", "offline")])).toEqual([["good", 1]]);
});

test("what held when the range began is no change", () => {
  const changes = [change("19T12", "online"), change("20T08", "offline")];

  expect(changesIn(changes, FROM)).toEqual([changes[1]]);
});

test.each([
  [0.5, null],
  [-1.9, null],
  [Number.NaN, null],
])("a clock that is off by %d s is right enough", (seconds, said) => {
  expect(clockWarning(seconds)).toBe(said);
});

test("a clock that is wrong is told with its side", () => {
  expect(clockWarning(-3605)).toMatch(/^It is 1 h behind the server's\./);
  expect(clockWarning(42)).toMatch(/^It is 42 s ahead of the server's\./);
});
