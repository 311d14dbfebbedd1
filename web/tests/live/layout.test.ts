import { expect, test } from "vitest";
import {
  changeTile,
  cleanLayout,
  following,
  gridLayout,
  gridSizeFor,
  type Layout,
  narrowLayout,
  neighbour,
  rowsOf,
  withCamera,
  withColumns,
  withoutCamera,
} from "../../src/live/layout";

const FOUR = gridLayout(["a", "b", "c", "d"], 2);

/** A layout as text: `a=0,0 2x1`. */
function drawn({ tiles }: Layout): string {
  return tiles.map(({ camera_id, x, y, w, h }) => `${camera_id}=${x},${y} ${w}x${h}`).join("; ");
}

test("a grid takes cameras row by row and leaves out what does not fit", () => {
  expect(drawn(FOUR)).toBe("a=0,0 1x1; b=1,0 1x1; c=0,1 1x1; d=1,1 1x1");
  expect(gridLayout(["a", "b", "c"], 1).tiles.length).toBe(1);
  expect(rowsOf(gridLayout([], 4))).toBe(1);
});

test.each([
  [0, 1],
  [1, 1],
  [2, 2],
  [4, 2],
  [5, 3],
  [9, 3],
  [10, 4],
  [200, 4],
])("%i cameras open in a grid of %i columns", (count, size) => {
  expect(gridSizeFor(count)).toBe(size);
});

test("a tile that is moved pushes what it covers down", () => {
  expect(drawn(changeTile(FOUR, "a", { x: 1 }))).toBe("a=1,0 1x1; b=1,1 1x1; c=0,1 1x1; d=1,2 1x1");
});

test("a tile that grows pushes what it covers down", () => {
  const large = changeTile(FOUR, "a", { w: 1, h: 1 });
  expect(drawn(large)).toBe("a=0,0 2x2; b=1,2 1x1; c=0,2 1x1; d=1,3 1x1");
});

test("a tile stays inside the grid and never gets smaller than a cell", () => {
  expect(drawn(changeTile(FOUR, "a", { x: -1, y: -1 }))).toBe(drawn(FOUR));
  expect(drawn(changeTile(FOUR, "d", { x: 1, w: -1 }))).toBe(drawn(FOUR));
  expect(drawn(changeTile(FOUR, "d", { w: 5 }))).toContain("d=0,1 2x1");
  expect(changeTile(FOUR, "nobody", { x: 1 })).toBe(FOUR);
});

test("a stored layout that lies is made right", () => {
  const lying = {
    columns: 99,
    tiles: [
      { camera_id: "a", x: 0, y: 0, w: 2, h: 2 },
      { camera_id: "a", x: 3, y: 3, w: 1, h: 1 },
      { camera_id: "gone", x: 2, y: 0, w: 1, h: 1 },
      { camera_id: "b", x: 1, y: 1, w: 1, h: 1 },
      { camera_id: "c", x: -7, y: Number.NaN, w: 0, h: 1e9 },
    ],
  };
  const clean = cleanLayout(lying, new Set(["a", "b", "c"]));
  expect(clean.columns).toBe(8);
  expect(drawn(clean)).toBe("a=0,0 2x2; b=2,0 1x1; c=3,0 1x8");
});

test("cameras are added where there is room, once, and taken out", () => {
  const five = withCamera(FOUR, "e");
  expect(drawn(five)).toContain("e=0,2 1x1");
  expect(withCamera(five, "e")).toBe(five);
  expect(drawn(withCamera(withoutCamera(FOUR, "b"), "e"))).toContain("e=1,0 1x1");
});

test("fewer columns keep every tile", () => {
  const one = withColumns(FOUR, 1);
  expect(one.tiles.map(({ x }) => x)).toEqual([0, 0, 0, 0]);
  expect(new Set(one.tiles.map(({ y }) => y)).size).toBe(4);
});

test("on a narrow screen tiles stand below each other in reading order", () => {
  const layout = changeTile(FOUR, "a", { y: 2 });
  expect(drawn(narrowLayout(layout, 1))).toBe("b=0,0 1x1; c=0,1 1x1; d=0,2 1x1; a=0,3 1x1");
});

test("arrows go to the tile that lies there, also past larger ones", () => {
  expect(neighbour(FOUR, "a", "right")).toBe("b");
  expect(neighbour(FOUR, "a", "down")).toBe("c");
  expect(neighbour(FOUR, "a", "left")).toBeNull();
  expect(neighbour(FOUR, "a", "up")).toBeNull();
  expect(neighbour(FOUR, "nobody", "up")).toBe("a");
  const large = changeTile(FOUR, "a", { h: 1 });
  expect(neighbour(large, "b", "left")).toBe("a");
  expect(neighbour(large, "d", "left")).toBe("a");
});

test("from an enlarged tile arrows go through all tiles, round and round", () => {
  expect(following(FOUR, "b", "right")).toBe("c");
  expect(following(FOUR, "d", "down")).toBe("a");
  expect(following(FOUR, "a", "left")).toBe("d");
});
