import { afterEach, expect, test, vi } from "vitest";
import { observeServer, serverNow } from "../../src/api/server-now";

const NOON = Date.UTC(2026, 10, 21, 12);

function answerAt(ms: number): Response {
  return new Response(null, { headers: { Date: new Date(ms).toUTCString() } });
}

afterEach(() => {
  vi.useRealTimers();
});

test("a computer whose clock is wrong takes the server's time", () => {
  vi.useFakeTimers({ now: NOON - 300_000 });
  observeServer(answerAt(NOON));
  expect(serverNow()).toBe(NOON);
  vi.setSystemTime(NOON);
  observeServer(answerAt(NOON));
  expect(serverNow()).toBe(NOON);
});

test("differences that the way explains are left alone, and so are answers without a time", () => {
  vi.useFakeTimers({ now: NOON });
  observeServer(answerAt(NOON - 1000));
  expect(serverNow()).toBe(NOON);
  observeServer(new Response(null));
  expect(serverNow()).toBe(NOON);
});
