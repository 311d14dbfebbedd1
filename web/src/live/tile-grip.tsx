/** Covers a tile while the layout is edited: moves, resizes and removes it. */

import { Move, MoveDiagonal2, X } from "lucide-react";
import type { KeyboardEvent } from "react";
import { IconButton } from "../ui";
import type { Tile } from "./layout";
import css from "./tile.module.css";
import type { DragHandlers, Handle } from "./use-drag";

export interface TileGripProps {
  name: string;
  place: Tile;
  drag(handle: Handle): DragHandlers;
  onChange(by: Partial<Tile>): void;
  onRemove(): void;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function TileGrip({ name, place, drag, onChange, onRemove }: TileGripProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === "Delete") onRemove();
    else if (step === undefined) return;
    else onChange(event.shiftKey ? { w: step[0], h: step[1] } : { x: step[0], y: step[1] });
    event.preventDefault();
  };
  const where = `column ${place.x + 1}, row ${place.y + 1}, ${place.w} by ${place.h}`;
  return (
    <div className={css.grip}>
      <button
        type="button"
        className={css.move}
        aria-label={`Move ${name}: ${where}. Arrows move, Shift and arrows resize, Delete removes.`}
        onKeyDown={onKeyDown}
        {...drag("move")}
      >
        <Move size={22} aria-hidden />
        <span>{name}</span>
      </button>
      <IconButton label={`Remove ${name}`} className={css.remove} onPress={onRemove}>
        <X size={18} aria-hidden />
      </IconButton>
      {/* by keyboard the button above does the same */}
      <div className={css.resize} aria-hidden {...drag("resize")}>
        <MoveDiagonal2 size={18} />
      </div>
    </div>
  );
}
