/** The Live page's keys. */

import { flushSync } from "react-dom";
import { type Shortcut, useShortcuts } from "../app/shortcuts";
import { type Direction, following, GRID_SIZES, type Layout, neighbour } from "./layout";
import type { LiveWall } from "./use-live-wall";
import type { Tiles } from "./use-tile-commands";

const ARROWS: [string, Direction][] = [
  ["ArrowLeft", "left"],
  ["ArrowRight", "right"],
  ["ArrowUp", "up"],
  ["ArrowDown", "down"],
];

export function useWallKeys(wall: LiveWall): void {
  useShortcuts("Live", wall.draft === null ? watching(wall) : [cancel(wall)]);
}

function watching(wall: LiveWall): Shortcut[] {
  const { view } = wall;
  return [
    ...GRID_SIZES.map((size) => ({
      keys: String(size),
      label: size === 1 ? "1 tile" : `${size}×${size} tiles`,
      run: () => wall.showGrid(size),
    })),
    { keys: "PageUp", label: "Cameras before these", run: () => wall.showPage(view.page - 1) },
    { keys: "PageDown", label: "Cameras after these", run: () => wall.showPage(view.page + 1) },
    ...ofTile(wall),
    { keys: "i", label: "Statistics", run: wall.toggleStatistics },
  ];
}

/** With the tile that is enlarged or selected, or the only one. */
function ofTile({ layout, tiles }: LiveWall): Shortcut[] {
  const { commands } = tiles;
  const only = layout.tiles.length === 1 ? layout.tiles[0]?.camera_id : undefined;
  const inHand = tiles.large ?? tiles.selected ?? only ?? null;
  const withTile = (run: (camera: string) => void) => () => {
    if (inHand !== null) run(inHand);
  };
  const history = (camera: string) =>
    commands.history(camera, tiles.keys(camera)?.secondsBehind() ?? null);
  const sound = (camera: string) => commands.sound(camera, tiles.soundOf !== camera);
  return [
    ...ARROWS.map(([key, direction]) => ({
      keys: key,
      label: `Tile ${WHERE[direction]}`,
      run: () => go(layout, tiles, inHand, direction),
    })),
    { keys: "Enter", label: "Enlarge the tile, and back", run: withTile(commands.enlarge) },
    { keys: "Escape", label: "Back to all tiles", run: () => tiles.enlarge(null) },
    {
      keys: "f",
      label: "Full screen",
      run: withTile((camera) => tiles.keys(camera)?.fullscreen()),
    },
    { keys: "m", label: "Sound on and off", run: withTile(sound) },
    { keys: "s", label: "Save a snapshot", run: withTile(commands.snapshot) },
    { keys: "h", label: "History: 30 s back", run: withTile(history) },
  ];
}

function go(layout: Layout, tiles: Tiles, from: string | null, direction: Direction): void {
  const next =
    tiles.large === null
      ? neighbour(layout, from ?? "", direction)
      : following(layout, tiles.large, direction);
  if (next === null) return;
  // what is not displayed yet takes no focus
  if (tiles.large !== null) flushSync(() => tiles.enlarge(next));
  tiles.keys(next)?.focus();
}

const WHERE: Record<Direction, string> = {
  left: "to the left",
  right: "to the right",
  up: "above",
  down: "below",
};

function cancel({ setDraft }: LiveWall): Shortcut {
  return { keys: "Escape", label: "Leave the layout as it was", run: () => setDraft(null) };
}
