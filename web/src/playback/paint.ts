/** Paints the timeline. Everything is in CSS pixels; nothing here keeps state between frames. */

import type { Layer } from "./layers";
import { contextStep, marksIn, stepFor } from "./marks";
import type { Palette } from "./palette";
import type { RulerWords } from "./ruler";
import { rangeOf, type Selection } from "./selection";
import { type View, xOf } from "./view";
import type { Zone } from "./zone";

export const RULER_HEIGHT = 40;
const CONTEXT_BASELINE = 14;
const MARK_BASELINE = 31;
const ROW_GAP = 4;
const ONE_ROW = 40;
const MANY_ROWS = 22;
const LEAST_LABEL_PX = 76;
const FONT = "12px system-ui, sans-serif";
const SMALL_MARKS = 5;

export interface Scene {
  readonly view: View;
  readonly width: number;
  readonly height: number;
  readonly cameras: readonly string[];
  readonly layers: readonly Layer[];
  readonly selection: Selection;
  readonly playheadMs: number;
  readonly nowMs: number;
  readonly zone: Zone;
  readonly words: RulerWords;
  readonly palette: Palette;
}

/** How high the rows of so many cameras are. */
export function rowHeight(cameras: number): number {
  return cameras <= 1 ? ONE_ROW : MANY_ROWS;
}

export function timelineHeight(cameras: number): number {
  return RULER_HEIGHT + Math.max(1, cameras) * (rowHeight(cameras) + ROW_GAP) + ROW_GAP;
}

export function rowTop(index: number, cameras: number): number {
  return RULER_HEIGHT + ROW_GAP + index * (rowHeight(cameras) + ROW_GAP);
}

/** The camera at a height; null above and below the rows. */
export function rowAt(y: number, cameras: number): number | null {
  const index = Math.floor((y - RULER_HEIGHT - ROW_GAP / 2) / (rowHeight(cameras) + ROW_GAP));
  return index >= 0 && index < cameras ? index : null;
}

type Canvas = CanvasRenderingContext2D;

export function paint(canvas: Canvas, scene: Scene): void {
  canvas.fillStyle = scene.palette.ground;
  canvas.fillRect(0, 0, scene.width, scene.height);
  canvas.font = FONT;
  paintRuler(canvas, scene);
  scene.cameras.forEach((camera, index) => {
    paintRow(canvas, scene, camera, rowTop(index, scene.cameras.length));
  });
  paintSelection(canvas, scene);
  paintNow(canvas, scene);
  paintPlayhead(canvas, scene);
}

function paintRuler(canvas: Canvas, scene: Scene): void {
  const { view, width, palette, zone, words } = scene;
  const step = stepFor(view, width, LEAST_LABEL_PX);
  const small = stepFor(view, width, LEAST_LABEL_PX / SMALL_MARKS);
  canvas.fillStyle = palette.line;
  for (const { ms } of marksIn(view, small, zone)) {
    canvas.fillRect(Math.round(xOf(view, width, ms)), RULER_HEIGHT - 4, 1, 4);
  }
  for (const mark of marksIn(view, step, zone)) {
    const x = Math.round(xOf(view, width, mark.ms));
    canvas.fillStyle = palette.line;
    canvas.fillRect(x, CONTEXT_BASELINE + 5, 1, scene.height);
    canvas.fillStyle = palette.dim;
    canvas.fillText(words.mark(mark, step), x + 4, MARK_BASELINE);
  }
  paintContext(canvas, scene, contextStep(step));
}

/** The day, month or year of what is under it; the first one stays at the left edge. */
function paintContext(
  canvas: Canvas,
  { view, width, palette, zone, words }: Scene,
  step: ReturnType<typeof contextStep>,
): void {
  const marks = marksIn(view, step, zone);
  canvas.fillStyle = palette.text;
  const starts = [view.startMs, ...marks.map(({ ms }) => ms)];
  starts.forEach((ms, index) => {
    const x = Math.max(0, xOf(view, width, ms));
    const text = words.context(ms, step);
    const next = starts[index + 1];
    const room = (next === undefined ? width : xOf(view, width, next)) - x;
    if (canvas.measureText(text).width + 8 > room) return;
    if (index > 0) canvas.fillRect(Math.round(x), 2, 1, CONTEXT_BASELINE);
    canvas.fillText(text, x + 4, CONTEXT_BASELINE);
  });
}

function paintRow(canvas: Canvas, scene: Scene, camera: string, top: number): void {
  const { width, palette } = scene;
  const height = rowHeight(scene.cameras.length);
  canvas.fillStyle = palette.row;
  canvas.fillRect(0, top, width, height);
  for (const layer of scene.layers) paintLayer(canvas, scene, { layer, camera, top, height });
}

interface Stripe {
  readonly layer: Layer;
  readonly camera: string;
  readonly top: number;
  readonly height: number;
}

/** A layer replaces what a coarser one painted under it. */
function paintLayer(canvas: Canvas, scene: Scene, { layer, camera, top, height }: Stripe): void {
  const { view, width, palette, nowMs } = scene;
  const footage = layer.footage.get(camera);
  const left = Math.max(0, Math.floor(xOf(view, width, layer.startMs)));
  const right = Math.min(width, Math.ceil(xOf(view, width, layer.endMs)));
  if (footage === undefined || right <= left) return;
  const bar = (inset: number) => (from: number, to: number) => {
    const cut = Math.max(from, left);
    canvas.fillRect(cut, top + inset, Math.min(to, right) - cut, height - 2 * inset);
  };
  canvas.fillStyle = palette.row;
  canvas.fillRect(left, top, right - left, height);
  canvas.fillStyle = palette.storedPattern;
  footage.stored.columns(view, width, bar(height / 4));
  canvas.fillStyle = palette.recorded;
  footage.recorded.columns(view, width, bar(0));
  canvas.fillStyle = palette.gapPattern;
  footage.missing.columns(view, width, bar(0));
  if (footage.pendingFromMs !== null) {
    canvas.fillStyle = palette.pendingPattern;
    const end = Math.min(xOf(view, width, nowMs), width);
    const from = Math.max(0, xOf(view, width, footage.pendingFromMs));
    if (end > from) bar(height / 4)(from, end);
  }
}

function paintSelection(canvas: Canvas, { view, width, height, selection, palette }: Scene): void {
  const range = rangeOf(selection);
  canvas.fillStyle = palette.selection;
  if (range !== null) {
    const from = xOf(view, width, range.startMs);
    canvas.globalAlpha = 0.22;
    canvas.fillRect(from, 0, xOf(view, width, range.endMs) - from, height);
    canvas.globalAlpha = 1;
  }
  for (const edge of [selection.startMs, selection.endMs]) {
    if (edge === null) continue;
    const x = Math.round(xOf(view, width, edge));
    canvas.fillRect(x - 1, 0, 2, height);
    canvas.fillRect(x - 4, height / 2 - 10, 8, 20);
  }
}

function paintNow(canvas: Canvas, { view, width, height, nowMs, palette }: Scene): void {
  const x = Math.round(xOf(view, width, nowMs));
  if (x < 0 || x > width) return;
  canvas.fillStyle = palette.now;
  canvas.fillRect(x, CONTEXT_BASELINE + 4, 2, height);
  const right = Math.min(x + 5, width - 28);
  canvas.fillStyle = palette.ground;
  canvas.fillRect(right - 2, MARK_BASELINE - 11, 30, 14);
  canvas.fillStyle = palette.now;
  canvas.fillText("now", right, MARK_BASELINE);
}

function paintPlayhead(canvas: Canvas, { view, width, height, playheadMs, palette }: Scene): void {
  const x = Math.round(xOf(view, width, playheadMs));
  if (x < -8 || x > width + 8) return;
  canvas.fillStyle = palette.ground;
  canvas.fillRect(x - 2, 0, 4, height);
  canvas.fillStyle = palette.playhead;
  canvas.fillRect(x - 1, 0, 2, height);
  canvas.beginPath();
  canvas.moveTo(x - 7, 0);
  canvas.lineTo(x + 7, 0);
  canvas.lineTo(x + 7, 6);
  canvas.lineTo(x, 14);
  canvas.lineTo(x - 7, 6);
  canvas.closePath();
  canvas.fill();
}
