import { expect, test } from "vitest";
import { HOME, safeNext } from "../../src/app/next";

test.each([
  [null, HOME],
  ["", HOME],
  ["/cameras?x=1", "/cameras?x=1"],
  ["/playback", "/playback"],
  ["//evil.example/x", HOME],
  ["/\\evil.example", HOME],
  ["/.//evil.example", HOME],
  ["https://evil.example", HOME],
  ["javascript:alert(1)", HOME],
  ["/sign-in?next=/sign-in", HOME],
])("after signing in, %s leads to %s", (text, address) => {
  expect(safeNext(text)).toBe(address);
});
