import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveSocket } from "../../src/player/live-socket";
import type { Answer, LiveAccess } from "../../src/player/types";
import { frame, part } from "./parts";

const MEDIA = frame(part(), new Uint8Array(1));

/** A connection whose other end is the test. */
class Line {
  static all: Line[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  isDropped = false;

  constructor(readonly address: string) {
    Line.all.push(this);
  }
  accept(): void {
    this.readyState = Line.OPEN;
  }
  say(data: unknown): void {
    this.onmessage?.({ data });
  }
  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
  close(): void {
    this.isDropped = true;
  }
}

const events = {
  onMedia: vi.fn(),
  onNotice: vi.fn(),
  onConnecting: vi.fn(),
  onLost: vi.fn(),
  onDenied: vi.fn(),
  onBlocked: vi.fn(),
};
let answer: Answer;
let asked: number;
let renewed: () => void;
let socket: LiveSocket;

const access: LiveAccess = {
  address: (camera, rendition) => `ws://nvr.example/${camera}/${rendition}`,
  ask: async () => {
    asked += 1;
    return answer;
  },
  onRenewed: (listener) => {
    renewed = listener;
    return () => undefined;
  },
};

const lines = () => Line.all.length;
const last = (): Line => Line.all.at(-1) as Line;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  Line.all = [];
  answer = { kind: "open" };
  asked = 0;
  vi.stubGlobal("WebSocket", Line);
  const page = new EventTarget();
  vi.stubGlobal("window", page);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { hidden: false }));
  socket = new LiveSocket({ camera: "door", rendition: "main", access }, events);
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a connection that is lost comes again, and says when", async () => {
  last().accept();
  last().end(1012);
  expect(events.onLost).toHaveBeenCalledWith("the server restarts", expect.any(Number));
  expect(asked).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lines()).toBe(2);
});

test("a viewer who may not watch is told why, and is let in when that changes", async () => {
  answer = { kind: "denied", detail: "there is no camera door" };
  last().end(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(events.onDenied).toHaveBeenCalledWith("there is no camera door");
  expect(events.onLost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(lines()).toBe(1);
  renewed();
  expect(lines()).toBe(2);
});

test("what was denied is asked for again after a while", async () => {
  answer = { kind: "denied", detail: "no" };
  last().end(1006);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(lines()).toBe(2);
});

test("access that has ended is tried once more before the server is asked", async () => {
  last().end(4401);
  expect(lines()).toBe(2);
  expect(asked).toBe(0);
  answer = { kind: "denied", detail: "you are signed out" };
  last().end(4401);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toBe(1);
  expect(events.onDenied).toHaveBeenCalledWith("you are signed out");
});

test("a server that is away is not mistaken for one that WebSockets do not reach", async () => {
  answer = { kind: "away", detail: "no streamer answers", retryAfterSeconds: 0 };
  for (let round = 0; round < 6; round++) {
    last().end(1006);
    await vi.advanceTimersByTimeAsync(25_000);
  }
  expect(events.onBlocked).not.toHaveBeenCalled();
  expect(events.onLost).toHaveBeenLastCalledWith("no streamer answers", expect.any(Number));
});

test.each([
  ["are refused", false],
  ["are opened and say nothing", true],
])("where connections %s although the server would serve, that is told", async (_how, isOpened) => {
  for (let round = 0; round < 3; round++) {
    expect(events.onBlocked).not.toHaveBeenCalled();
    if (isOpened) last().accept();
    last().end(1006);
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(events.onBlocked).toHaveBeenCalledTimes(1);
});

test("a connection that nobody answers is given up, and the server is asked", async () => {
  const silent = last();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(silent.isDropped).toBe(true);
  expect(asked).toBe(1);
});

test("a connection that delivered may end its time again and again", () => {
  for (let round = 0; round < 3; round++) {
    last().accept();
    last().say(MEDIA);
    last().end(4401);
  }
  expect(lines()).toBe(4);
  expect(events.onConnecting).toHaveBeenCalledTimes(1);
  expect(events.onLost).not.toHaveBeenCalled();
  expect(asked).toBe(0);
});

test("closed means closed: nothing is tried or told any more", async () => {
  last().end(1006);
  socket.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines()).toBe(1);
  expect(events.onLost).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
