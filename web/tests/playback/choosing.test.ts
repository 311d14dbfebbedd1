import { expect, test } from "vitest";
import { otherSpeed, readAddress, writeAddress } from "../../src/playback/address";
import { CHUNK_MS, ChunkGrid, contains } from "../../src/playback/chunks";
import { drag, mark, NOTHING, rangeOf } from "../../src/playback/selection";

const NOON = Date.UTC(2026, 10, 21, 12);

test("an address says cameras, moment and speed, and is read as it was written", () => {
  const shown = { cameras: ["front-door", "yard"], atMs: NOON + 200, speed: 2 };
  const text = writeAddress(shown);
  expect(text).toBe("?camera=front-door&camera=yard&at=2026-11-21T12:00:00.200Z&speed=2");
  expect(readAddress(text)).toEqual(shown);
});

test("nonsense in an address is left out", () => {
  const query = "?camera=../x&camera=a&camera=a&at=yesterday&speed=1e9";
  expect(readAddress(query)).toEqual({ cameras: ["a"], atMs: null, speed: 1 });
  expect(readAddress("?at=9999999-01-01T00:00:00Z").atMs).toBeNull();
  expect(readAddress(`?${"camera=a1&camera=b2&".repeat(3)}`).cameras).toEqual(["a1", "b2"]);
});

test("no more than nine cameras are taken", () => {
  const query = Array.from({ length: 12 }, (_, at) => `camera=c${at}`).join("&");
  expect(readAddress(query).cameras).toHaveLength(9);
});

test("speeds go up and down their list and stop at its ends", () => {
  expect([otherSpeed(1, 1), otherSpeed(1, -1)]).toEqual([2, 0.5]);
  expect([otherSpeed(16, 1), otherSpeed(0.25, -1)]).toEqual([16, 0.25]);
});

test("pieces lie on a grid without holes", () => {
  const grid = new ChunkGrid();
  const chunk = grid.at(NOON + 1);
  expect(chunk).toEqual({ startMs: NOON, endMs: NOON + CHUNK_MS });
  expect(contains(chunk, chunk.endMs)).toBe(false);
  expect(grid.at(chunk.endMs).startMs).toBe(chunk.endMs);
});

test("pieces get shorter where a playlist is too long, down to five minutes", () => {
  const grid = new ChunkGrid();
  while (grid.shorten());
  const chunk = grid.at(NOON);
  expect(chunk.endMs - chunk.startMs).toBe(5 * 60_000);
  expect(NOON % (chunk.endMs - chunk.startMs)).toBe(0);
});

test("[ and ] mark a selection; an edge on the wrong side is given up", () => {
  const both = mark(mark(NOTHING, "start", 1000), "end", 5000);
  expect(rangeOf(both)).toEqual({ startMs: 1000, endMs: 5000 });
  expect(mark(both, "start", 6000)).toEqual({ startMs: 6000, endMs: null });
  expect(mark(both, "end", 500)).toEqual({ startMs: null, endMs: 500 });
  expect(rangeOf(mark(NOTHING, "start", 1))).toBeNull();
});

test("an edge that is dragged stops a second before the other", () => {
  const both = { startMs: 1000, endMs: 5000 };
  expect(drag(both, "start", 9000)).toEqual({ startMs: 4000, endMs: 5000 });
  expect(drag(both, "end", 0)).toEqual({ startMs: 1000, endMs: 2000 });
  expect(drag(both, "end", 7000.4)).toEqual({ startMs: 1000, endMs: 7000 });
});
