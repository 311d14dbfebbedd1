import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FootageBook, type FootageSource } from "../../src/playback/book";
import type { TimelineAnswer } from "../../src/playback/footage";

const NOON = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
});
afterEach(() => {
  vi.useRealTimers();
});

function answer(camera: string, recorded: [number, number][]): TimelineAnswer {
  return { camera_id: camera, recorded, gaps: [], stored: [], pending_from_ms: null };
}

function source(timeline: FootageSource["timeline"]): FootageSource {
  return { timeline, nextRecording: async () => null };
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

test("footage around a moment is asked for once, and again when it is left behind", async () => {
  const timeline = vi.fn(async () => [answer("door", [[NOON - HOUR, NOON]])]);
  const book = new FootageBook(source(timeline));
  expect(book.near(["door"], NOON - 1000).size).toBe(0);
  await settle();
  expect(
    book
      .near(["door"], NOON - 500)
      .get("door")
      ?.at(NOON - 500, NOON).kind,
  ).toBe("recorded");
  expect(timeline).toHaveBeenCalledTimes(1);
  book.near(["door"], NOON - 3 * HOUR);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(timeline).toHaveBeenCalledTimes(2);
  book.close();
});

test("who rushes past many places asks for the last one", async () => {
  const timeline = vi.fn(async () => [answer("door", [])]);
  const book = new FootageBook(source(timeline));
  for (let hours = 0; hours < 20; hours++) book.near(["door"], NOON - hours * HOUR);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(timeline.mock.calls.length).toBeLessThanOrEqual(2);
  expect(timeline.mock.lastCall).toContain(NOON - 19.5 * HOUR);
  book.close();
});

test("what changed on the server is asked for soon, however often it is told", async () => {
  const timeline = vi.fn(async () => [answer("door", [])]);
  const book = new FootageBook(source(timeline));
  book.near(["door"], NOON);
  await settle();
  for (let told = 0; told < 9; told++) book.refresh();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(timeline).toHaveBeenCalledTimes(2);
  book.close();
});

test("a late answer does not replace a newer one", async () => {
  const answers: ((value: TimelineAnswer[]) => void)[] = [];
  const book = new FootageBook(source(() => new Promise((resolve) => answers.push(resolve))));
  book.near(["door"], NOON - 5 * HOUR);
  await settle();
  book.near(["door"], NOON);
  await vi.advanceTimersByTimeAsync(1_000);
  answers[1]?.([answer("door", [[NOON - 10, NOON]])]);
  await settle();
  answers[0]?.([answer("door", [])]);
  await settle();
  expect(book.near(["door"], NOON).get("door")?.recorded.length).toBe(1);
  book.close();
});

test("while the server is away it says so, keeps what it knows and tries again", async () => {
  let isAway = false;
  const book = new FootageBook(
    source(async () => {
      if (isAway) throw new Error("away");
      return [answer("door", [[NOON - 10, NOON]])];
    }),
  );
  book.near(["door"], NOON);
  await settle();
  isAway = true;
  book.refresh();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(book.error).not.toBeNull();
  expect(book.near(["door"], NOON).get("door")?.recorded.length).toBe(1);
  isAway = false;
  await vi.advanceTimersByTimeAsync(6_000);
  expect(book.error).toBeNull();
  book.close();
});
