// @vitest-environment happy-dom

import { beforeEach, expect, test, vi } from "vitest";
import { CameraPlayer, type Wish } from "../../src/playback/camera-player";
import { CHUNK_MS } from "../../src/playback/chunks";
import type { Deck, DeckSource, DeckState } from "../../src/playback/deck";
import type { Orders } from "../../src/playback/steering";
import type { Place } from "../../src/playback/wall-map";

const NOON = Date.UTC(2026, 10, 21, 12);

/** Plays without media: a moment's place is its distance from the piece's start. */
class FakeDeck {
  static all: FakeDeck[] = [];
  state: DeckState = { kind: "ready" };
  mediaTime = 0;
  isSeeking = false;
  sinceSeekMs = 60_000;
  canPlay = true;
  hasPicture = true;
  isGrowing = false;
  isClosed = false;
  hole: Place | null = null;

  constructor(
    readonly video: HTMLVideoElement,
    readonly source: DeckSource,
  ) {
    this.mediaTime = (source.startMs - source.chunk.startMs) / 1000;
    FakeDeck.all.push(this);
  }

  get wallMs(): number {
    return this.source.chunk.startMs + this.mediaTime * 1000;
  }

  place(wallMs: number): Place {
    const mediaTime = (wallMs - this.source.chunk.startMs) / 1000;
    return this.hole ?? { kind: "inside", mediaTime };
  }

  follow(orders: Orders): void {
    this.mediaTime = orders.seekTo ?? this.mediaTime;
  }

  retry(): void {}

  close(): void {
    this.isClosed = true;
  }
}

const WISH: Wish = {
  wallMs: NOON + 1000,
  isRunning: true,
  isExact: false,
  rate: 1,
  isLeader: true,
  hasFootage: true,
  nextFrom: (ms) => ms,
  isPicturesOnly: false,
};

async function newPlayer(): Promise<CameraPlayer> {
  const player = new CameraPlayer("door", async () => ({
    Deck: FakeDeck as unknown as typeof Deck,
  }));
  await Promise.resolve();
  await Promise.resolve();
  return player;
}

function at(wallMs: number, changes: Partial<Wish> = {}): Wish {
  return { ...WISH, wallMs, ...changes };
}

beforeEach(() => {
  FakeDeck.all = [];
  vi.spyOn(HTMLMediaElement.prototype, "load").mockImplementation(() => {});
  vi.spyOn(HTMLMediaElement.prototype, "pause").mockImplementation(() => {});
});

test("it loads the piece in which the moment lies and shows it", async () => {
  const player = await newPlayer();
  const report = player.frame(WISH);
  expect(FakeDeck.all.map(({ source }) => source.chunk.startMs)).toEqual([NOON]);
  expect(report).toMatchObject({ screen: { kind: "showing" }, wallMs: NOON + 1000, isLate: false });
});

test("nothing is loaded where there is no footage, nor before that is known", async () => {
  const player = await newPlayer();
  expect(player.frame(at(NOON, { hasFootage: false })).screen).toEqual({ kind: "none" });
  expect(player.frame(at(NOON, { hasFootage: null })).screen).toEqual({ kind: "loading" });
  expect(FakeDeck.all).toHaveLength(0);
});

test("the next piece is made ready before it is due, and taken without loading again", async () => {
  const player = await newPlayer();
  const end = NOON + CHUNK_MS;
  player.frame(at(NOON + 1000));
  player.frame(at(end - 5000));
  expect(FakeDeck.all.map(({ source }) => source.chunk.startMs)).toEqual([NOON, end]);
  const report = player.frame(at(end + 20));
  expect(report.screen.kind).toBe("showing");
  expect(FakeDeck.all).toHaveLength(2);
  expect(FakeDeck.all.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  expect(FakeDeck.all[1]?.video.dataset.layer).toBe("current");
});

test("nothing is made ready while it stands still, or where footage goes on much later", async () => {
  const player = await newPlayer();
  const end = NOON + CHUNK_MS;
  player.frame(at(NOON + 1000));
  player.frame(at(end - 5000, { isRunning: false }));
  player.frame({ ...at(end - 5000), nextFrom: (ms) => ms + CHUNK_MS });
  expect(FakeDeck.all).toHaveLength(1);
});

test("a piece in which nothing is recorded yet is not asked for", async () => {
  const player = await newPlayer();
  const end = NOON + CHUNK_MS;
  player.frame(at(NOON + 1000));
  player.frame({ ...at(end - 5000), nextFrom: (ms) => (ms < end ? ms : null) });
  expect(FakeDeck.all).toHaveLength(1);
});

test("a playlist that is too long is asked for in shorter pieces", async () => {
  const player = await newPlayer();
  player.frame(at(NOON + 1000));
  const [first] = FakeDeck.all;
  if (first !== undefined) first.state = { kind: "too-long" };
  player.frame(at(NOON + 1000));
  const chunk = FakeDeck.all[1]?.source.chunk;
  expect(chunk).toEqual({ startMs: NOON, endMs: NOON + CHUNK_MS / 2 });
  expect(first?.isClosed).toBe(true);
});

test("a hole that only the playlist knows is told, with what follows it", async () => {
  const player = await newPlayer();
  player.frame(WISH);
  const [deck] = FakeDeck.all;
  if (deck !== undefined) {
    deck.hole = { kind: "hole", next: { wallMs: NOON + 9000, mediaTime: 5 } };
  }
  const report = player.frame(WISH);
  expect(report).toMatchObject({
    screen: { kind: "none" },
    holeUntilMs: NOON + 9000,
    isLate: false,
  });
});

test("a growing playlist that is behind the timeline is waited for", async () => {
  const player = await newPlayer();
  player.frame(WISH);
  const [deck] = FakeDeck.all;
  if (deck !== undefined)
    Object.assign(deck, { hole: { kind: "hole", next: null }, isGrowing: true });
  expect(player.frame(WISH)).toMatchObject({ screen: { kind: "loading" }, isLate: true });
});

test("what cannot be loaded says why and is not waited for", async () => {
  const player = await newPlayer();
  player.frame(WISH);
  const [deck] = FakeDeck.all;
  if (deck !== undefined) {
    deck.state = { kind: "failed", detail: "This browser cannot decode it." };
    deck.place = () => null as unknown as Place;
  }
  const report = player.frame(WISH);
  expect(report.screen).toEqual({ kind: "failed", detail: "This browser cannot decode it." });
  expect(report.isLate).toBe(false);
});

test("only one camera's sound is on, also after a change of pieces", async () => {
  const player = await newPlayer();
  player.frame(WISH);
  player.muted = false;
  const end = NOON + CHUNK_MS;
  player.frame(at(end - 1000));
  player.frame(at(end + 10));
  expect(FakeDeck.all[1]?.video.muted).toBe(false);
});
