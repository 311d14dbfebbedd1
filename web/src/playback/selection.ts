/** The marked stretch that is to be downloaded. */

export interface Selection {
  readonly startMs: number | null;
  readonly endMs: number | null;
}

export type Edge = "start" | "end";

export const NOTHING: Selection = { startMs: null, endMs: null };
export const SHORTEST_MS = 1000;

/** Puts an edge at a moment; an edge on the wrong side of it is given up. */
export function mark(selection: Selection, edge: Edge, ms: number): Selection {
  const at = Math.round(ms);
  if (edge === "start") {
    const endMs = selection.endMs !== null && selection.endMs > at ? selection.endMs : null;
    return { startMs: at, endMs };
  }
  const startMs = selection.startMs !== null && selection.startMs < at ? selection.startMs : null;
  return { startMs, endMs: at };
}

/** Drags an edge; it stops a second before the other one. */
export function drag(selection: Selection, edge: Edge, ms: number): Selection {
  const { startMs, endMs } = selection;
  const at = Math.round(ms);
  if (edge === "start") {
    return { startMs: endMs === null ? at : Math.min(at, endMs - SHORTEST_MS), endMs };
  }
  return { startMs, endMs: startMs === null ? at : Math.max(at, startMs + SHORTEST_MS) };
}

/** The stretch, where both edges are set; one that is shorter than a second is made one long. */
export function rangeOf(selection: Selection): { startMs: number; endMs: number } | null {
  const { startMs, endMs } = selection;
  if (startMs === null || endMs === null) return null;
  return { startMs, endMs: Math.max(endMs, startMs + SHORTEST_MS) };
}
