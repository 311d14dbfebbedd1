import { expect, test } from "vitest";
import { errorOf } from "../../src/api/errors";

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers });

test.each([
  [null],
  [undefined],
  ["<html>Bad gateway</html>"],
  [[1, 2]],
  [{ detail: 7, errors: "none" }],
  [{ errors: [null, 3, { field: 1, problem: 2 }] }],
])("an error without a problem document still has a message: %j", (body) => {
  const error = errorOf(answer(502), body);

  expect(error.message).toBe("The server answered with an error (HTTP 502).");
  expect(error.fields).toEqual([]);
});

test.each([
  ["27", 27],
  ["999999", 3600],
  ["-4", 0],
  ["soon", 0],
  ["Sat, 21 Nov 2026 08:46:51 GMT", 0],
])("Retry-After %s means %i seconds", (text, seconds) => {
  expect(errorOf(answer(429, { "Retry-After": text }), {}).retryAfterSeconds).toBe(seconds);
});

test("a message is a sentence", () => {
  expect(errorOf(answer(409), { detail: "there is one already" }).message).toBe(
    "There is one already.",
  );
});
