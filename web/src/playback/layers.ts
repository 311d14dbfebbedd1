/** What the timeline draws: footage of a stretch at a resolution; finer lies over coarser. */

import type { Footage, Gap, Moment } from "./footage";
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

export interface CameraGap {
  readonly camera: string;
  readonly gap: Gap;
}

/** The gaps in a view in order of time, by the finest layer. */
export function gapsIn(
  layers: readonly Layer[],
  cameras: readonly string[],
  { startMs, endMs }: View,
): CameraGap[] {
  const finest = layers.findLast((layer) => layer.startMs <= startMs && layer.endMs >= endMs);
  const layer = finest ?? layers.at(-1);
  const found = cameras.flatMap((camera) => {
    const gaps = layer?.footage.get(camera)?.gapsIn(startMs, endMs) ?? [];
    return gaps.map((gap) => ({ camera, gap }));
  });
  return found.sort((a, b) => a.gap.startMs - b.gap.startMs);
}

export interface Around {
  readonly beforeMs: number | null;
  readonly afterMs: number | null;
}

/** Where the nearest footage is; null where there is some in the view, or nothing is known yet. */
export function aroundEmpty(
  layers: readonly Layer[],
  cameras: readonly string[],
  { startMs, endMs }: View,
): Around | null {
  const [all] = layers;
  const fine = layers.find((layer) => layer.startMs <= startMs && layer.endMs >= endMs);
  if (all === undefined || fine === undefined || layers.length < 2) return null;
  const covered = layers.some((layer) =>
    cameras.some((camera) => hasFootage(layer, camera, startMs, endMs)),
  );
  if (covered) return null;
  const spans = cameras.map((camera) => all.footage.get(camera)?.recorded);
  const lead = Math.min(10_000, spanOf({ startMs, endMs }) / 10);
  const before = spans.map((each) => each?.before(startMs)?.[1]).filter((ms) => ms !== undefined);
  const after = spans.map((each) => each?.from(endMs)?.[0]).filter((ms) => ms !== undefined);
  return {
    beforeMs: before.length === 0 ? null : Math.max(...before) - lead,
    afterMs: after.length === 0 ? null : Math.min(...after),
  };
}

/** Whether anything was recorded, or is on its way. */
function hasFootage(layer: Layer, camera: string, startMs: number, endMs: number): boolean {
  const footage = layer.footage.get(camera);
  if (footage === undefined) return false;
  const isComing = footage.pendingFromMs !== null && footage.pendingFromMs < endMs;
  return isComing || footage.recorded.coveredMs(startMs, endMs) > 0;
}
