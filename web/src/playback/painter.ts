/** Paints the timeline when something on it changed, once per frame at most. */

import { serverNow } from "../api/server-now";
import { paint, timelineHeight } from "./paint";
import { type Palette, readPalette } from "./palette";
import { RulerWords } from "./ruler";
import type { TimelineModel } from "./timeline-model";
import { follow, xOf } from "./view";
import type { Zone } from "./zone";

/** The moment that is played, and whether somebody holds the playhead. */
export interface Playhead {
  readonly playheadMs: number;
}

export class Painter {
  private readonly context: CanvasRenderingContext2D | null;
  private readonly words: RulerWords;
  private readonly resizer: ResizeObserver;
  private readonly themes: MutationObserver;
  private readonly aborter = new AbortController();
  private palette: Palette | null = null;
  private painted = "";
  private lastPlayheadMs: number;
  private handle = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly model: TimelineModel,
    private readonly playhead: Playhead,
    private readonly zone: Zone,
    private readonly now: () => number = serverNow,
  ) {
    this.context = canvas.getContext("2d", { alpha: false });
    this.words = new RulerWords(zone.name);
    this.lastPlayheadMs = playhead.playheadMs;
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(canvas);
    this.themes = new MutationObserver(() => this.forgetTheme());
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const { signal } = this.aborter;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.forgetTheme(), { signal });
    this.resize();
    this.handle = requestAnimationFrame(this.onFrame);
  }

  close(): void {
    cancelAnimationFrame(this.handle);
    this.resizer.disconnect();
    this.themes.disconnect();
    this.aborter.abort();
  }

  private readonly onFrame = (): void => {
    this.handle = requestAnimationFrame(this.onFrame);
    this.followPlayhead();
    const { model, playhead } = this;
    const x = Math.round(xOf(model.view, model.width, playhead.playheadMs) * 2);
    const nowX = Math.round(xOf(model.view, model.width, this.now()));
    const state = `${model.version} ${x} ${nowX}`;
    if (state === this.painted) return;
    this.painted = state;
    this.paintNow();
  };

  private followPlayhead(): void {
    const { model, playhead, lastPlayheadMs } = this;
    this.lastPlayheadMs = playhead.playheadMs;
    if (playhead.playheadMs === lastPlayheadMs) return;
    model.setView(follow(model.view, lastPlayheadMs, playhead.playheadMs, model.limits));
  }

  private paintNow(): void {
    const { context, model } = this;
    if (context === null) return;
    this.palette ??= readPalette(this.canvas.parentElement ?? document.body, context);
    paint(context, {
      view: model.view,
      width: model.width,
      height: timelineHeight(model.cameras.length),
      cameras: model.cameras,
      layers: model.layers,
      selection: model.selection,
      playheadMs: this.playhead.playheadMs,
      nowMs: this.now(),
      zone: this.zone,
      words: this.words,
      palette: this.palette,
    });
  }

  private resize(): void {
    const { canvas, model, context } = this;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.palette = null; // patterns belong to the old drawing surface
    model.setWidth(width);
  }

  private forgetTheme(): void {
    this.palette = null;
    this.painted = "";
  }
}
