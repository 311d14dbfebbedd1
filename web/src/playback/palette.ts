/** The timeline's colours and patterns, taken from the theme's tokens. */

export interface Palette {
  readonly ground: string;
  readonly row: string;
  readonly line: string;
  readonly text: string;
  readonly dim: string;
  readonly recorded: string;
  readonly gap: string;
  readonly selection: string;
  readonly playhead: string;
  readonly now: string;
  /** Stripes: what is missing is told apart without seeing colours. */
  readonly gapPattern: CanvasPattern | string;
  /** Squares: what only the device holds. */
  readonly storedPattern: CanvasPattern | string;
  /** Thin stripes: what is on its way. */
  readonly pendingPattern: CanvasPattern | string;
}

/** Reads the tokens as they are on an element now. */
export function readPalette(element: HTMLElement, context: CanvasRenderingContext2D): Palette {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const accent = colour("accent");
  const bad = colour("bad");
  const busy = colour("busy");
  const row = colour("neutral-soft");
  const palette: Palette = {
    ground: colour("panel"),
    row,
    line: colour("line"),
    text: colour("text"),
    dim: colour("dim"),
    recorded: accent,
    gap: bad,
    selection: accent,
    playhead: colour("text"),
    now: colour("good"),
    gapPattern: pattern(context, 8, (tile) => stripes(tile, colour("bad-soft"), bad, 2)),
    storedPattern: pattern(context, 8, (tile) => squares(tile, row, busy)),
    pendingPattern: pattern(context, 8, (tile) => stripes(tile, colour("accent-soft"), accent, 1)),
  };
  probe.remove();
  return palette;
}

type Draw = (tile: CanvasRenderingContext2D) => void;

function pattern(context: CanvasRenderingContext2D, size: number, draw: Draw) {
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  const tile = canvas.getContext("2d");
  if (tile === null) return "transparent";
  draw(tile);
  return context.createPattern(canvas, "repeat") ?? "transparent";
}

function stripes(tile: CanvasRenderingContext2D, ground: string, colour: string, width: number) {
  tile.fillStyle = ground;
  tile.fillRect(0, 0, 8, 8);
  tile.strokeStyle = colour;
  tile.lineWidth = width;
  tile.beginPath();
  for (const x of [-8, 0, 8]) {
    tile.moveTo(x - 1, 9);
    tile.lineTo(x + 9, -1);
  }
  tile.stroke();
}

function squares(tile: CanvasRenderingContext2D, ground: string, colour: string) {
  tile.fillStyle = ground;
  tile.fillRect(0, 0, 8, 8);
  tile.fillStyle = colour;
  tile.fillRect(0, 0, 4, 4);
  tile.fillRect(4, 4, 4, 4);
}
