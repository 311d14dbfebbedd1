/** Mouse, touch and pen on the timeline: wheel and pinch zoom, drag to pan, scrub, seek. */

import { RULER_HEIGHT } from "./paint";
import { drag, type Edge } from "./selection";
import type { TimelineModel } from "./timeline-model";
import { msAt, pan, pinch, spanOf, type View, xOf } from "./view";

export interface GestureEvents {
  onSeek(ms: number): void;
  onScrub(ms: number): void;
  onScrubEnd(): void;
  onFit(): void;
  onHover(at: { x: number; y: number } | null): void;
  playheadMs(): number;
}

const CLICK_PX = 4;
const GRAB_PX = 9;
/** One notch of a usual wheel makes the view a fifth shorter or longer. */
const ZOOM_PER_PIXEL = 0.0022;
const LINE_PX = 16;

type Mode =
  | { kind: "none" }
  | { kind: "press"; x: number; view: View }
  | { kind: "pan"; x: number; view: View }
  | { kind: "scrub" }
  | { kind: "edge"; edge: Edge }
  | { kind: "pinch"; touched: [number, number]; view: View };

export class Gestures {
  private mode: Mode = { kind: "none" };
  private readonly pointers = new Map<number, number>();
  private readonly aborter = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly model: TimelineModel,
    private readonly events: GestureEvents,
  ) {
    const { signal } = this.aborter;
    element.addEventListener("wheel", this.onWheel, { passive: false, signal });
    element.addEventListener("pointerdown", this.onDown, { signal });
    element.addEventListener("pointermove", this.onMove, { signal });
    element.addEventListener("pointerup", this.onUp, { signal });
    element.addEventListener("pointercancel", this.onUp, { signal });
    element.addEventListener("dblclick", () => events.onFit(), { signal });
    element.addEventListener("pointerleave", () => events.onHover(null), { signal });
  }

  close(): void {
    this.aborter.abort();
  }

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const { view, width } = this.model;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const byMs = ((sideways * unit) / width) * spanOf(view);
      this.model.setView(pan(view, byMs, this.model.limits));
      return;
    }
    const anchor = msAt(view, width, this.place(event).x);
    this.model.zoomBy(Math.exp(event.deltaY * unit * ZOOM_PER_PIXEL), anchor);
  };

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const { x, y } = this.place(event);
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, x);
    this.events.onHover(null);
    if (this.pointers.size === 2) this.beginPinch();
    else if (this.pointers.size === 1) this.begin(x, y);
  };

  private begin(x: number, y: number): void {
    const { view, width } = this.model;
    const edge = this.edgeAt(x);
    const isOnPlayhead = Math.abs(xOf(view, width, this.events.playheadMs()) - x) < GRAB_PX;
    if (edge !== null) {
      this.mode = { kind: "edge", edge };
    } else if (y < RULER_HEIGHT || isOnPlayhead) {
      this.mode = { kind: "scrub" };
      if (y < RULER_HEIGHT) this.events.onScrub(msAt(view, width, x));
    } else {
      this.mode = { kind: "press", x, view };
    }
  }

  private beginPinch(): void {
    if (this.mode.kind === "scrub") this.events.onScrubEnd();
    const [one = 0, other = 0] = this.pointers.values();
    this.mode = { kind: "pinch", touched: [one, other], view: this.model.view };
  }

  private readonly onMove = (event: PointerEvent): void => {
    const { x, y } = this.place(event);
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.events.onHover({ x, y });
      return;
    }
    this.pointers.set(event.pointerId, x);
    this.follow(x);
  };

  private follow(x: number): void {
    const { model, mode } = this;
    const ms = msAt(model.view, model.width, x);
    if (mode.kind === "press" && Math.abs(x - mode.x) >= CLICK_PX) {
      this.mode = { ...mode, kind: "pan" };
      this.follow(x);
    } else if (mode.kind === "pan") {
      const byMs = ((mode.x - x) / model.width) * spanOf(mode.view);
      model.setView(pan(mode.view, byMs, model.limits));
    } else if (mode.kind === "scrub") {
      this.events.onScrub(ms);
    } else if (mode.kind === "edge") {
      model.setSelection(drag(model.selection, mode.edge, ms));
    } else if (mode.kind === "pinch" && this.pointers.size === 2) {
      const [one = 0, other = 0] = this.pointers.values();
      model.setView(pinch(mode.view, model.width, mode.touched, [one, other], model.limits));
    }
  }

  private readonly onUp = (event: PointerEvent): void => {
    if (!this.pointers.delete(event.pointerId)) return;
    const { mode } = this;
    const isLast = this.pointers.size === 0;
    if (mode.kind === "scrub") this.events.onScrubEnd();
    if (mode.kind === "press" && event.type === "pointerup") {
      this.events.onSeek(msAt(this.model.view, this.model.width, mode.x));
    }
    // after a pinch the finger that stays must not pan from where it happens to be
    if (isLast || mode.kind !== "pinch") this.mode = { kind: "none" };
  };

  private edgeAt(x: number): Edge | null {
    const { view, width, selection } = this.model;
    const isNear = (ms: number | null) =>
      ms !== null && Math.abs(xOf(view, width, ms) - x) < GRAB_PX;
    if (isNear(selection.endMs)) return "end";
    return isNear(selection.startMs) ? "start" : null;
  }

  private place(event: MouseEvent): { x: number; y: number } {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}
