// @vitest-environment happy-dom

import { beforeEach, expect, test, vi } from "vitest";
import { Gestures } from "../../src/playback/gestures";
import { RULER_HEIGHT } from "../../src/playback/paint";
import { TimelineModel } from "../../src/playback/timeline-model";
import { msAt, spanOf, xOf } from "../../src/playback/view";

const NOON = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;
const ROW = RULER_HEIGHT + 20;

let element: HTMLElement;
let model: TimelineModel;
const events = {
  onSeek: vi.fn(),
  onScrub: vi.fn(),
  onScrubEnd: vi.fn(),
  onFit: vi.fn(),
  onHover: vi.fn(),
  playheadMs: () => NOON - HOUR,
};

beforeEach(() => {
  vi.clearAllMocks();
  element = document.createElement("div");
  element.setPointerCapture = () => {};
  element.getBoundingClientRect = () => new DOMRect(100, 50, 1000, 90);
  model = new TimelineModel({ startMs: NOON - 2 * HOUR, endMs: NOON }, () => NOON);
  model.setWidth(1000);
  new Gestures(element, model, events);
});

function pointer(type: string, x: number, y: number, id = 1): void {
  const at = { clientX: x + 100, clientY: y + 50, pointerId: id, button: 0 };
  element.dispatchEvent(new PointerEvent(type, at));
}

function wheel(deltas: { deltaX?: number; deltaY?: number }): WheelEvent {
  const event = new WheelEvent("wheel", { ...deltas, cancelable: true });
  // happy-dom's wheel events have no place
  Object.defineProperties(event, { clientX: { value: 300 }, clientY: { value: 50 + ROW } });
  element.dispatchEvent(event);
  return event;
}

test("a click on a row seeks to the moment under it", () => {
  pointer("pointerdown", 250, ROW);
  pointer("pointerup", 250, ROW);
  expect(events.onSeek).toHaveBeenCalledExactlyOnceWith(NOON - 1.5 * HOUR);
  expect(events.onScrub).not.toHaveBeenCalled();
});

test("dragging a row moves the view and seeks nowhere; it stops with the finger", () => {
  const grabbed = msAt(model.view, 1000, 250);
  pointer("pointerdown", 250, ROW);
  pointer("pointermove", 400, ROW);
  expect(xOf(model.view, 1000, grabbed)).toBeCloseTo(400, 6);
  pointer("pointerup", 400, ROW);
  const view = model.view;
  pointer("pointermove", 600, ROW);
  expect(model.view).toBe(view);
  expect(events.onSeek).not.toHaveBeenCalled();
});

test("dragging on the ruler or at the playhead scrubs", () => {
  pointer("pointerdown", 300, 10);
  pointer("pointermove", 310, 10);
  pointer("pointerup", 310, 10);
  expect(events.onScrub.mock.calls.map(([ms]) => Math.round(xOf(model.view, 1000, ms)))).toEqual([
    300, 310,
  ]);
  expect(events.onScrubEnd).toHaveBeenCalledTimes(1);
  pointer("pointerdown", 503, ROW);
  pointer("pointermove", 520, ROW);
  expect(events.onScrub).toHaveBeenCalledTimes(3);
});

test("an edge of the selection is dragged, and not the view", () => {
  model.setSelection({ startMs: NOON - 1.8 * HOUR, endMs: NOON - 1.2 * HOUR });
  const { view } = model;
  pointer("pointerdown", 102, ROW);
  pointer("pointermove", 200, ROW);
  expect(model.selection.startMs).toBe(NOON - 1.6 * HOUR);
  expect(model.view).toBe(view);
});

test("two fingers zoom; the one that stays does not move the view", () => {
  const left = msAt(model.view, 1000, 300);
  pointer("pointerdown", 300, ROW, 1);
  pointer("pointerdown", 500, ROW, 2);
  pointer("pointermove", 700, ROW, 2);
  expect(spanOf(model.view)).toBeCloseTo(HOUR, 0);
  expect(xOf(model.view, 1000, left)).toBeCloseTo(300, 0);
  pointer("pointerup", 700, ROW, 2);
  const view = model.view;
  pointer("pointermove", 350, ROW, 1);
  expect(model.view).toBe(view);
  pointer("pointerup", 350, ROW, 1);
  expect(events.onSeek).not.toHaveBeenCalled();
});

test("the wheel zooms at the pointer; sideways, or with shift, it moves", () => {
  const under = msAt(model.view, 1000, 200);
  expect(wheel({ deltaY: -200 }).defaultPrevented).toBe(true);
  expect(spanOf(model.view)).toBeLessThan(2 * HOUR);
  expect(xOf(model.view, 1000, under)).toBeCloseTo(200, 0);
  const span = spanOf(model.view);
  const { startMs } = model.view;
  wheel({ deltaX: -100 });
  expect(spanOf(model.view)).toBeCloseTo(span, 6);
  expect(model.view.startMs).toBeLessThan(startMs);
});

test("what is under the pointer is told while no button is down", () => {
  pointer("pointermove", 40, ROW);
  expect(events.onHover).toHaveBeenLastCalledWith({ x: 40, y: ROW });
  pointer("pointerdown", 40, ROW);
  expect(events.onHover).toHaveBeenLastCalledWith(null);
});

test("a double click shows everything", () => {
  element.dispatchEvent(new MouseEvent("dblclick"));
  expect(events.onFit).toHaveBeenCalledTimes(1);
});
