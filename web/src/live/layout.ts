/** How tiles lie on the grid: presets, moving, resizing, and which one is next in a direction. */

export interface Tile {
  camera_id: string;
  /** Cells from the left and the top; `w` and `h` in cells. */
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Layout {
  columns: number;
  tiles: Tile[];
}

export type GridSize = 1 | 2 | 3 | 4;
export type Direction = "left" | "right" | "up" | "down";

export const GRID_SIZES: readonly GridSize[] = [1, 2, 3, 4];
export const MOST_COLUMNS = 8;
export const MOST_TILES = 64;
export const MOST_ROWS = 64;

/** The cameras row by row; what does not fit is left out. */
export function gridLayout(cameras: readonly string[], columns: number): Layout {
  const tiles = cameras.slice(0, columns * columns).map((camera_id, at) => ({
    camera_id,
    x: at % columns,
    y: Math.floor(at / columns),
    w: 1,
    h: 1,
  }));
  return { columns, tiles };
}

/** The smallest grid that has room for so many tiles. */
export function gridSizeFor(count: number): GridSize {
  return GRID_SIZES.find((size) => size * size >= count) ?? 4;
}

/** Rows that are used, at least one. */
export function rowsOf(layout: Layout): number {
  return Math.max(1, ...layout.tiles.map((tile) => tile.y + tile.h));
}

/** Only tiles of cameras that are known, each once, inside the grid and apart from each other. */
export function cleanLayout(layout: Layout, known: ReadonlySet<string>): Layout {
  const columns = clamp(layout.columns, 1, MOST_COLUMNS);
  const seen = new Set<string>();
  let clean: Layout = { columns, tiles: [] };
  for (const tile of layout.tiles.slice(0, MOST_TILES)) {
    if (!known.has(tile.camera_id) || seen.has(tile.camera_id)) continue;
    seen.add(tile.camera_id);
    const fitted = bounded(tile, columns);
    const isFree = clean.tiles.every((other) => !overlap(other, fitted));
    clean = { columns, tiles: [...clean.tiles, isFree ? fitted : firstFree(clean, fitted)] };
  }
  return clean;
}

/** One camera more, where there is room first. */
export function withCamera(layout: Layout, camera_id: string): Layout {
  const isThere = layout.tiles.some((tile) => tile.camera_id === camera_id);
  if (isThere || layout.tiles.length >= MOST_TILES) return layout;
  const tile = firstFree(layout, { camera_id, x: 0, y: 0, w: 1, h: 1 });
  return { ...layout, tiles: [...layout.tiles, tile] };
}

export function withoutCamera(layout: Layout, camera_id: string): Layout {
  return { ...layout, tiles: layout.tiles.filter((tile) => tile.camera_id !== camera_id) };
}

/** Another number of columns; tiles that no longer fit are made narrower or moved. */
export function withColumns(layout: Layout, columns: number): Layout {
  const known = new Set(layout.tiles.map((tile) => tile.camera_id));
  return cleanLayout({ ...layout, columns }, known);
}

/** Moves and resizes a tile by cells; tiles in its way go further down. */
export function changeTile(layout: Layout, camera_id: string, by: Partial<Tile>): Layout {
  const tile = layout.tiles.find((each) => each.camera_id === camera_id);
  if (tile === undefined) return layout;
  const changed = bounded(
    {
      camera_id,
      x: tile.x + (by.x ?? 0),
      y: tile.y + (by.y ?? 0),
      w: tile.w + (by.w ?? 0),
      h: tile.h + (by.h ?? 0),
    },
    layout.columns,
  );
  return settle(layout, changed);
}

/** The same tiles below each other in reading order, for narrow screens. */
export function narrowLayout(layout: Layout, columns: number): Layout {
  const tiles = inReadingOrder(layout).map((tile, at) => ({
    camera_id: tile.camera_id,
    x: at % columns,
    y: Math.floor(at / columns),
    w: 1,
    h: 1,
  }));
  return { columns, tiles };
}

export function inReadingOrder(layout: Layout): Tile[] {
  return [...layout.tiles].sort((one, other) => one.y - other.y || one.x - other.x);
}

/** The tile that lies in a direction, nearest first; null at the edge. */
export function neighbour(layout: Layout, camera_id: string, direction: Direction): string | null {
  const from = layout.tiles.find((tile) => tile.camera_id === camera_id);
  if (from === undefined) return inReadingOrder(layout)[0]?.camera_id ?? null;
  const sideways = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  const ranked = layout.tiles
    .map((tile) => {
      const dx = middle(tile.x, tile.w) - middle(from.x, from.w);
      const dy = middle(tile.y, tile.h) - middle(from.y, from.h);
      const [along, across] = sideways ? [dx * sign, Math.abs(dy)] : [dy * sign, Math.abs(dx)];
      return { tile, along, distance: along + 2 * across };
    })
    .filter(({ along }) => along > 0)
    .sort((one, other) => one.distance - other.distance);
  return ranked[0]?.tile.camera_id ?? null;
}

/** The tile before or after one in reading order, round and round. */
export function following(layout: Layout, camera_id: string, direction: Direction): string | null {
  const order = inReadingOrder(layout).map((tile) => tile.camera_id);
  const step = direction === "left" || direction === "up" ? -1 : 1;
  return order[(order.indexOf(camera_id) + step + order.length) % order.length] ?? null;
}

/** Places one tile and pushes what it covers down; where there is no room left, nothing moves. */
function settle(layout: Layout, placed: Tile): Layout {
  const others = layout.tiles.filter((tile) => tile.camera_id !== placed.camera_id);
  const done = [placed];
  for (const tile of inReadingOrder({ ...layout, tiles: others })) {
    let { y } = tile;
    while (done.some((other) => overlap(other, { ...tile, y }))) y += 1;
    done.push({ ...tile, y });
  }
  if (rowsOf({ ...layout, tiles: done }) > MOST_ROWS) return layout;
  const byCamera = new Map(done.map((tile) => [tile.camera_id, tile]));
  return { ...layout, tiles: layout.tiles.map((tile) => byCamera.get(tile.camera_id) ?? tile) };
}

function firstFree(layout: Layout, tile: Tile): Tile {
  const { w } = tile;
  for (let y = 0; ; y++) {
    for (let x = 0; x + w <= layout.columns; x++) {
      const placed = { ...tile, x, y };
      if (layout.tiles.every((other) => !overlap(other, placed))) return placed;
    }
  }
}

function bounded(tile: Tile, columns: number): Tile {
  const w = clamp(tile.w, 1, columns);
  const h = clamp(tile.h, 1, MOST_COLUMNS);
  const x = clamp(tile.x, 0, columns - w);
  return { camera_id: tile.camera_id, x, y: clamp(tile.y, 0, MOST_ROWS - h), w, h };
}

function overlap(one: Tile, other: Tile): boolean {
  const isBeside = one.x + one.w <= other.x || other.x + other.w <= one.x;
  const isAbove = one.y + one.h <= other.y || other.y + other.h <= one.y;
  return !isBeside && !isAbove;
}

function middle(start: number, length: number): number {
  return start + length / 2;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value) || 0));
}
