/** What the timeline draws: footage of a stretch at a resolution; finer lies over coarser. */

import type { Footage, Moment } from "./footage";
import { spanOf, type View } from "./view";

export interface Layer {
  readonly startMs: number;
  readonly endMs: number;
  readonly footage: ReadonlyMap<string, Footage>;
}

/** What to ask for, so that a view can be drawn and moved a little. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly resolutionSeconds: number;
}

/** The server's limit. */
const LONGEST_MS = 400 * 86_400_000;
/** Pixels per step of the resolution; the screen is about this fine. */
const STEPS_ACROSS = 1200;
const LEAST_RESOLUTION_SECONDS = 0.001;

/**
 * The window around a view, on a grid of half its length: views that are close to each other have
 * the same window, so that panning a little asks for nothing.
 */
export function windowFor(view: View): Window {
  const span = 2 ** Math.ceil(Math.log2(spanOf(view)));
  const grid = span / 2;
  const startMs = Math.floor(view.startMs / grid - 1) * grid;
  const endMs = Math.min(startMs + 2 * span, startMs + LONGEST_MS);
  const isAll = endMs >= view.endMs;
  return {
    startMs: isAll ? startMs : Math.floor(view.startMs),
    endMs: isAll ? endMs : Math.floor(view.startMs) + LONGEST_MS,
    resolutionSeconds: Math.max(LEAST_RESOLUTION_SECONDS, span / STEPS_ACROSS / 1000),
  };
}

/** What the finest layer knows of a camera's moment. */
export function momentIn(
  layers: readonly Layer[],
  camera: string,
  ms: number,
  nowMs: number,
): Moment {
  for (const { footage } of [...layers].reverse()) {
    const moment = footage.get(camera)?.at(ms, nowMs);
    if (moment !== undefined && moment.kind !== "unknown") return moment;
  }
  return { kind: "unknown" };
}
