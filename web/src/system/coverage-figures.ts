/** What a cell of the coverage map says of one camera and day. */

import type { Schemas } from "../api/client";
import { formatSeconds } from "../ui/format";

export type CoverageDay = Schemas["CoverageDay"];

/** Below it a difference is rounding, or a frame at the edge of a recording. */
const TOLERANCE_SECONDS = 0.5;

/**
 * `unexplained`: something is missing and nothing says why. `whole`: everything that was wanted is
 * there. `nothing`: nothing was wanted.
 */
export type Level = "nothing" | "whole" | "most" | "half" | "little" | "unexplained";

export function levelOf(day: CoverageDay): Level {
  if (day.unexplained > TOLERANCE_SECONDS) return "unexplained";
  if (day.wanted < TOLERANCE_SECONDS) return "nothing";
  const missing = day.missing - day.pending;
  if (missing <= TOLERANCE_SECONDS) return "whole";
  const share = 1 - missing / day.wanted;
  if (share >= 0.95) return "most";
  return share >= 0.5 ? "half" : "little";
}

/** Whole percent of what was wanted, and never 100 while something is missing. */
export function percentText(day: CoverageDay): string {
  if (day.wanted < TOLERANCE_SECONDS) return "–";
  const missing = day.missing - day.pending;
  if (missing <= TOLERANCE_SECONDS) return "100";
  return String(Math.max(0, Math.min(99, Math.floor(100 * (1 - missing / day.wanted)))));
}

/** One line for each thing that there is to say. */
export function dayLines(day: CoverageDay): string[] {
  if (day.wanted < TOLERANCE_SECONDS) {
    return day.unasked > TOLERANCE_SECONDS
      ? [`Recording was switched off; ${formatSeconds(day.unasked)} recorded all the same`]
      : ["Recording was switched off"];
  }
  const lines = [`${formatSeconds(day.recorded)} of ${formatSeconds(day.wanted)} recorded`];
  if (day.pending > TOLERANCE_SECONDS) lines.push(`${formatSeconds(day.pending)} not stored yet`);
  if (day.explained > TOLERANCE_SECONDS) {
    lines.push(`${formatSeconds(day.explained)} missing, with a reason`);
  }
  lines.push(
    day.unexplained > TOLERANCE_SECONDS
      ? `${formatSeconds(day.unexplained)} missing without a reason`
      : "Every second is recorded or explained",
  );
  return lines;
}

export interface Sum {
  readonly wanted: number;
  readonly recorded: number;
  readonly explained: number;
  readonly pending: number;
  readonly unexplained: number;
}

/** All cells together. */
export function sumOf(days: Iterable<CoverageDay>): Sum {
  const sum = { wanted: 0, recorded: 0, explained: 0, pending: 0, unexplained: 0 };
  for (const day of days) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += day[key];
  }
  return sum;
}

/** Percent of what was wanted, down to the hundredth; as in the cells, what is on its way counts. */
export function shareOf({ wanted, recorded, pending }: Sum): number {
  return Math.floor((10_000 * (recorded + pending)) / wanted) / 100;
}

/** Where an arrow key leads in a grid of rows and columns; null: nowhere. */
export function moved(
  key: string,
  at: readonly [row: number, column: number],
  rows: number,
  columns: number,
): [number, number] | null {
  const [row, column] = at;
  const steps: Record<string, [number, number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, columns - 1],
  };
  const to = steps[key];
  if (to === undefined) return null;
  return [Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))];
}
