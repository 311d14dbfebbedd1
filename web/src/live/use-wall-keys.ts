/** The Live page's keys. */

import { flushSync } from "react-dom";
import { type Shortcut, useShortcuts } from "../app/shortcuts";
import {
  type Direction,
  following,
  GRID_SIZES,
  type GridSize,
  type Layout,
  neighbour,
} from "./layout";
import type { Tiles } from "./use-tile-commands";

export interface WallKeys {
  layout: Layout;
  tiles: Tiles;
  isEditing: boolean;
  onGrid(size: GridSize): void;
  onPage(step: number): void;
  onStatistics(): void;
  onCancel(): void;
}

const ARROWS: [string, Direction][] = [
  ["ArrowLeft", "left"],
  ["ArrowRight", "right"],
  ["ArrowUp", "up"],
  ["ArrowDown", "down"],
];

export function useWallKeys(keys: WallKeys): void {
  const { tiles, layout } = keys;
  useShortcuts("Live", keys.isEditing ? [cancel(keys)] : watching(keys));
  function watching(now: WallKeys): Shortcut[] {
    const only = layout.tiles.length === 1 ? layout.tiles[0]?.camera_id : undefined;
    const inHand = tiles.large ?? tiles.selected ?? only ?? null;
    /** With the tile that is enlarged or selected, or the only one. */
    const forTile = (run: (camera: string) => void) => () => {
      if (inHand !== null) run(inHand);
    };
    const go = (direction: Direction) => () => {
      const next =
        tiles.large === null
          ? neighbour(layout, inHand ?? "", direction)
          : following(layout, tiles.large, direction);
      if (next === null) return;
      // what is not displayed yet takes no focus
      if (tiles.large !== null) flushSync(() => tiles.enlarge(next));
      tiles.keys(next)?.focus();
    };
    return [
      ...GRID_SIZES.map((size) => ({
        keys: String(size),
        label: size === 1 ? "One tile" : `${size} by ${size} tiles`,
        run: () => now.onGrid(size),
      })),
      ...ARROWS.map(([key, direction]) => ({
        keys: key,
        label: `Tile ${WHERE[direction]}`,
        run: go(direction),
      })),
      { keys: "PageUp", label: "Cameras before these", run: () => now.onPage(-1) },
      { keys: "PageDown", label: "Cameras after these", run: () => now.onPage(1) },
      { keys: "Enter", label: "Enlarge the tile, and back", run: forTile(tiles.commands.enlarge) },
      { keys: "Escape", label: "Back to all tiles", run: () => tiles.enlarge(null) },
      {
        keys: "f",
        label: "Full screen",
        run: forTile((camera) => tiles.keys(camera)?.fullscreen()),
      },
      {
        keys: "m",
        label: "Sound on and off",
        run: forTile((camera) => tiles.commands.sound(camera, tiles.soundOf !== camera)),
      },
      { keys: "s", label: "Save a snapshot", run: forTile(tiles.commands.snapshot) },
      {
        keys: "h",
        label: "History: 30 s back",
        run: forTile((camera) =>
          tiles.commands.history(camera, tiles.keys(camera)?.secondsBehind() ?? null),
        ),
      },
      { keys: "i", label: "Statistics", run: now.onStatistics },
    ];
  }
}

const WHERE: Record<Direction, string> = {
  left: "to the left",
  right: "to the right",
  up: "above",
  down: "below",
};

function cancel({ onCancel }: WallKeys): Shortcut {
  return { keys: "Escape", label: "Leave the layout as it was", run: onCancel };
}
