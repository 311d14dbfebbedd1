/** The stretch of time that a timeline shows, and how it is moved. Unix milliseconds. */

export interface View {
  readonly startMs: number;
  readonly endMs: number;
}

/** How far a view may go. */
export interface Limits {
  readonly earliestMs: number;
  readonly latestMs: number;
}

const DAY_MS = 86_400_000;
export const SHORTEST_MS = 1000;
export const LONGEST_MS = 400 * DAY_MS;
/** Of what is fitted, so much is left free on each side. */
const FIT_MARGIN = 0.05;

export function spanOf(view: View): number {
  return view.endMs - view.startMs;
}

/** Where a moment is drawn, pixels from the left. */
export function xOf(view: View, width: number, ms: number): number {
  return ((ms - view.startMs) / spanOf(view)) * width;
}

/** Which moment is drawn at a place. */
export function msAt(view: View, width: number, x: number): number {
  return view.startMs + (x / Math.max(1, width)) * spanOf(view);
}

/** Makes the view `factor` times as long; the moment `anchorMs` stays where it is. */
export function zoom(view: View, anchorMs: number, factor: number, limits: Limits): View {
  const before = spanOf(view);
  const after = clamp(before * factor, SHORTEST_MS, LONGEST_MS);
  const startMs = anchorMs - (anchorMs - view.startMs) * (after / before);
  return limited({ startMs, endMs: startMs + after }, limits);
}

export function pan(view: View, byMs: number, limits: Limits): View {
  return limited({ startMs: view.startMs + byMs, endMs: view.endMs + byMs }, limits);
}

/** Shows a moment in the middle. */
export function centre(view: View, ms: number, limits: Limits): View {
  return pan(view, ms - (view.startMs + view.endMs) / 2, limits);
}

/**
 * The view after two fingers moved: what was under each finger when they touched is under it now.
 *
 * `touched` and `now` are the places of both fingers, pixels from the left.
 */
export function pinch(
  view: View,
  width: number,
  touched: readonly [number, number],
  now: readonly [number, number],
  limits: Limits,
): View {
  const apart = Math.max(8, Math.abs(now[1] - now[0]));
  const factor = Math.max(8, Math.abs(touched[1] - touched[0])) / apart;
  const anchorMs = msAt(view, width, (touched[0] + touched[1]) / 2);
  const span = clamp(spanOf(view) * factor, SHORTEST_MS, LONGEST_MS);
  const startMs = anchorMs - ((now[0] + now[1]) / 2 / Math.max(1, width)) * span;
  return limited({ startMs, endMs: startMs + span }, limits);
}

/** A view of all of a stretch with some room beside it. */
export function fitView(startMs: number, endMs: number, limits: Limits): View {
  const inner = Math.max(SHORTEST_MS, endMs - startMs);
  const span = clamp(inner * (1 + 2 * FIT_MARGIN), SHORTEST_MS, LONGEST_MS);
  const start = (startMs + endMs - span) / 2;
  return limited({ startMs: start, endMs: start + span }, limits);
}

/** Moves the view so that `ms` is on it, as little as needed; `margin` is a part of its length. */
export function reveal(view: View, ms: number, margin: number, limits: Limits): View {
  const room = spanOf(view) * margin;
  if (ms < view.startMs + room) return pan(view, ms - view.startMs - room, limits);
  if (ms > view.endMs - room) return pan(view, ms - view.endMs + room, limits);
  return view;
}

/**
 * While playing, the view turns a page when the playhead leaves it; a playhead that somebody
 * scrolled away from is left alone.
 */
export function follow(view: View, beforeMs: number, ms: number, limits: Limits): View {
  const wasSeen = beforeMs >= view.startMs && beforeMs <= view.endMs;
  const isSeen = ms >= view.startMs && ms <= view.endMs;
  if (!wasSeen || isSeen) return view;
  return pan(view, ms - view.startMs - spanOf(view) * 0.1, limits);
}

function limited(view: View, limits: Limits): View {
  const span = Math.min(spanOf(view), limits.latestMs - limits.earliestMs);
  const startMs = clamp(view.startMs, limits.earliestMs, limits.latestMs - span);
  return { startMs, endMs: startMs + span };
}

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
