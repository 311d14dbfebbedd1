/** The tiles in their grid. */

import { useCallback, useState } from "react";
import type { Camera, Status } from "../api/cameras";
import type { Rendition, Transport } from "../player";
import { changeTile, type Layout, rowsOf, withoutCamera } from "./layout";
import css from "./live.module.css";
import { Tile } from "./tile";
import { TileGrip } from "./tile-grip";
import { useDrag } from "./use-drag";
import type { Tiles } from "./use-tile-commands";

/** Many decoders and their cameras disturb each other now and then: a tenth of a second more. */
const WALL_MARGIN = 0.3;
const GAP_PX = 4;

export interface WallProps {
  layout: Layout;
  cameras: ReadonlyMap<string, Camera>;
  statuses: ReadonlyMap<string, Status>;
  transport: Transport;
  wish: "auto" | Rendition;
  tiles: Tiles;
  hasStatistics: boolean;
  mayPlayBack: boolean;
  /** Takes changed layouts while it is edited; null: it is not. */
  onEdit: ((layout: Layout) => void) | null;
}

export function Wall(props: WallProps) {
  const { layout, cameras, statuses, onEdit } = props;
  const { large, selected, soundOf, commands } = props.tiles;
  const [grid, setGrid] = useState<HTMLElement | null>(null);
  const isSingle = large !== null || layout.tiles.length === 1;
  const columns = large === null ? layout.columns : 1;
  const rows = large === null ? rowsOf(layout) : 1;
  const cell = useCallback(() => {
    const box = grid?.getBoundingClientRect();
    const width = ((box?.width ?? 0) + GAP_PX) / columns;
    return { width, height: ((box?.height ?? 0) + GAP_PX) / rows };
  }, [grid, columns, rows]);
  const drag = useDrag(layout, cell, (changed) => onEdit?.(changed));
  return (
    <section
      ref={setGrid}
      aria-label="Cameras"
      className={css.wall}
      data-large={large !== null || undefined}
      data-arranging={onEdit !== null || undefined}
      style={{
        maxHeight: isSingle ? "none" : `calc(100cqw / ${columns} * ${rows} * 9 / 16)`,
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        gridTemplateRows: `repeat(${rows}, minmax(var(--row), 1fr))`,
      }}
    >
      {/* in the order of the list: a node that changed its place in the document would stop */}
      {layout.tiles.map((place) => {
        const id = place.camera_id;
        const camera = cameras.get(id);
        if (camera === undefined) return null;
        const grip =
          onEdit === null ? null : (
            <TileGrip
              name={camera.name}
              place={place}
              drag={(handle) => drag(id, handle)}
              onChange={(by) => onEdit(changeTile(layout, id, by))}
              onRemove={() => onEdit(withoutCamera(layout, id))}
            />
          );
        return (
          <Tile
            key={id}
            camera={camera}
            status={statuses.get(id)}
            place={place}
            transport={props.transport}
            wish={props.wish}
            margin={layout.tiles.length > 1 ? WALL_MARGIN : undefined}
            isLarge={large === id}
            isSelected={selected === id}
            hasSound={soundOf === id}
            hasStatistics={props.hasStatistics}
            mayPlayBack={props.mayPlayBack}
            commands={commands}
            grip={grip}
          />
        );
      })}
    </section>
  );
}
