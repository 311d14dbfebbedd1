/** What the timeline shows at this moment; painted and not rendered, so it is no React state. */

import type { Layer } from "./layers";
import { NOTHING, type Selection } from "./selection";
import { clamp, type Limits, spanOf, type View, zoom } from "./view";

const FUTURE = 0.08;
const LEAST_FUTURE_MS = 2000;
const EARLIEST_MS = Date.UTC(2000, 0, 1);

export class TimelineModel {
  view: View;
  width = 1;
  layers: readonly Layer[] = [];
  cameras: readonly string[] = [];
  selection: Selection = NOTHING;
  /** Counts changes, so that the painter knows when to paint. */
  version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(
    view: View,
    private readonly now: () => number,
  ) {
    this.view = view;
  }

  /** A little of the future is shown, so that now is not at the very edge. */
  get limits(): Limits {
    const latestMs = this.now() + Math.max(LEAST_FUTURE_MS, spanOf(this.view) * FUTURE);
    return { earliestMs: EARLIEST_MS, latestMs };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly viewNow = (): View => this.view;
  readonly selectionNow = (): Selection => this.selection;

  setView(view: View): void {
    if (view === this.view) return;
    this.view = view;
    this.changed();
  }

  zoomBy(factor: number, anchorMs?: number): void {
    const { view } = this;
    const middle = (view.startMs + view.endMs) / 2;
    const anchor = clamp(anchorMs ?? middle, view.startMs, view.endMs);
    this.setView(zoom(view, anchor, factor, this.limits));
  }

  setWidth(width: number): void {
    this.width = Math.max(1, width);
    this.changed();
  }

  setLayers(layers: readonly Layer[]): void {
    this.layers = layers;
    this.changed();
  }

  setCameras(cameras: readonly string[]): void {
    this.cameras = cameras;
    this.changed();
  }

  setSelection(selection: Selection): void {
    this.selection = selection;
    this.changed();
  }

  private changed(): void {
    this.version += 1;
    for (const listener of [...this.listeners]) listener();
  }
}
