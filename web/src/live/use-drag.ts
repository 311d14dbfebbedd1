/** Moves and resizes tiles with mouse, pen or finger, in steps of whole cells. */

import { type PointerEvent, useRef } from "react";
import { changeTile, type Layout, type Tile } from "./layout";

export type Handle = "move" | "resize";

interface Drag {
  pointerId: number;
  handle: Handle;
  camera: string;
  /** Before it began: what is pushed away comes back when the pointer does. */
  layout: Layout;
  startX: number;
  startY: number;
  cell: { width: number; height: number };
}

export interface DragHandlers {
  onPointerDown(event: PointerEvent<HTMLElement>): void;
  onPointerMove(event: PointerEvent<HTMLElement>): void;
  onPointerUp(event: PointerEvent<HTMLElement>): void;
  onPointerCancel(event: PointerEvent<HTMLElement>): void;
}

/** Returns handlers for each handle of a tile; `cell` tells the size of one cell in pixels. */
export function useDrag(
  layout: Layout,
  cell: () => { width: number; height: number },
  onChange: (layout: Layout) => void,
): (camera: string, handle: Handle) => DragHandlers {
  const drag = useRef<Drag | null>(null);
  const end = (event: PointerEvent<HTMLElement>) => {
    if (drag.current?.pointerId === event.pointerId) drag.current = null;
  };
  return (camera, handle) => ({
    onPointerDown(event) {
      if (event.button !== 0 || drag.current !== null) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const { pointerId, clientX: startX, clientY: startY } = event;
      drag.current = { pointerId, handle, camera, layout, startX, startY, cell: cell() };
    },
    onPointerMove(event) {
      const now = drag.current;
      if (now?.pointerId !== event.pointerId) return;
      const by = steps(now, event.clientX, event.clientY);
      onChange(changeTile(now.layout, now.camera, by));
    },
    onPointerUp: end,
    onPointerCancel: end,
  });
}

function steps({ handle, startX, startY, cell }: Drag, x: number, y: number): Partial<Tile> {
  const across = Math.round((x - startX) / Math.max(1, cell.width));
  const down = Math.round((y - startY) / Math.max(1, cell.height));
  return handle === "move" ? { x: across, y: down } : { w: across, h: down };
}
