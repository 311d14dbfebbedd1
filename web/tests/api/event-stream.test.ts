import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventStream, type StreamHandlers } from "../../src/api/event-stream";

class FakeSource {
  isClosed = false;
  private readonly listeners = new Map<string, (event: Event) => void>();

  addEventListener(name: string, listener: (event: Event) => void): void {
    this.listeners.set(name, listener);
  }

  emit(name: string, data?: string): void {
    const event = data === undefined ? new Event(name) : new MessageEvent(name, { data });
    this.listeners.get(name)?.(event);
  }

  close(): void {
    this.isClosed = true;
  }
}

let sources: FakeSource[];
let handlers: { [K in keyof StreamHandlers]: ReturnType<typeof vi.fn> };
let stream: EventStream;

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  handlers = { onEvent: vi.fn(), onOpen: vi.fn(), onState: vi.fn(), beforeRetry: vi.fn() };
  handlers.beforeRetry.mockResolvedValue(undefined);
  const open = () => {
    const source = new FakeSource();
    sources.push(source);
    return source;
  };
  stream = new EventStream(handlers as unknown as StreamHandlers, open, () => 1);
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

const last = () => sources[sources.length - 1] as FakeSource;

test("events are handed on by name", () => {
  last().emit("open");
  last().emit("gap", "{}");

  expect(handlers.onState.mock.calls).toEqual([["open"]]);
  expect(handlers.onEvent.mock.calls).toEqual([["gap", "{}"]]);
});

test("tries come ever less often, and begin anew after a connection", async () => {
  const waits: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    last().emit("error");
    const before = Date.now();
    await vi.advanceTimersToNextTimerAsync();
    while (sources.length < round + 2) await vi.advanceTimersToNextTimerAsync();
    waits.push(Date.now() - before);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);

  last().emit("open");
  await vi.advanceTimersByTimeAsync(10_000);
  last().emit("error");
  const count = sources.length;
  await vi.advanceTimersByTimeAsync(1000);
  expect(sources).toHaveLength(count + 1);
});

test("the session is looked at before each further try", async () => {
  last().emit("error");
  await vi.advanceTimersByTimeAsync(1000);

  expect(handlers.beforeRetry).toHaveBeenCalledTimes(1);
  expect(sources).toHaveLength(2);
});

test("a short break is not shown", async () => {
  last().emit("open");
  last().emit("error");
  await vi.advanceTimersByTimeAsync(1000);
  last().emit("open");
  await vi.advanceTimersByTimeAsync(10_000);

  expect(handlers.onState.mock.calls).toEqual([["open"], ["open"]]);
});

test("a longer break is shown once", async () => {
  last().emit("error");
  await vi.advanceTimersByTimeAsync(1000);
  last().emit("error");
  await vi.advanceTimersByTimeAsync(2500);

  expect(handlers.onState.mock.calls).toEqual([["lost"]]);
});

test("a hidden page lets go of the connection, and takes it up when it is seen", async () => {
  last().emit("open");
  stream.setVisible(false);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(last().isClosed).toBe(true);

  stream.setVisible(true);
  expect(sources).toHaveLength(2);
});

test("a glance at another tab keeps the connection", async () => {
  stream.setVisible(false);
  await vi.advanceTimersByTimeAsync(5_000);
  stream.setVisible(true);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(sources).toHaveLength(1);
  expect(last().isClosed).toBe(false);
});

// Each connection began the tries anew, and asked for all lists: where something on the way cut
// connections off at once, that was five requests a second.
test("connections that end at once are tried ever less often, too", async () => {
  for (let round = 0; round < 100; round += 1) {
    last().emit("open");
    last().emit("error");
    await vi.advanceTimersByTimeAsync(1000);
  }

  expect(sources.length).toBeLessThan(10);
});

// A try that was under way when the page was hidden connected, and kept the connection.
test("a hidden page makes no connection", async () => {
  let goOn: () => void = () => undefined;
  handlers.beforeRetry.mockReturnValue(new Promise<void>((resolve) => (goOn = resolve)));
  last().emit("error");
  await vi.advanceTimersByTimeAsync(1000);
  stream.setVisible(false);
  await vi.advanceTimersByTimeAsync(30_000);
  goOn();
  await vi.advanceTimersByTimeAsync(1000);
  stream.retryNow();

  expect(sources).toHaveLength(1);
});

test("a closed stream stays closed", async () => {
  last().emit("error");
  stream.close();
  await vi.advanceTimersByTimeAsync(60_000);
  stream.setVisible(true);
  stream.retryNow();

  expect(sources).toHaveLength(1);
});
