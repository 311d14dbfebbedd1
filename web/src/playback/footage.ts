/** What is known of one camera's footage in a stretch of time. */

import { type Pair, Spans } from "./spans";

/** As the server tells it; times in Unix milliseconds. */
export interface TimelineAnswer {
  camera_id: string;
  recorded: readonly (readonly number[])[];
  gaps: readonly GapAnswer[];
  /** On the device's own storage and not recorded. */
  stored: readonly (readonly number[])[];
  /** From here on the recorder has it, and it cannot be played yet. */
  pending_from_ms: number | null;
}

export interface GapAnswer {
  start_ms: number;
  end_ms: number;
  reason: string;
  detail: string;
}

export interface Gap {
  readonly startMs: number;
  readonly endMs: number;
  readonly reason: string;
  readonly detail: string;
}

/** What there is of a camera at a moment, and from when to when that is so. */
export type Moment =
  | { readonly kind: "recorded"; readonly startMs: number; readonly endMs: number }
  | { readonly kind: "gap"; readonly gap: Gap; readonly isStored: boolean }
  /** Recorded, and not ready to be played. */
  | { readonly kind: "pending" }
  | { readonly kind: "future" }
  /** Recording was not wanted. */
  | { readonly kind: "nothing"; readonly isStored: boolean }
  /** Outside of what was asked for. */
  | { readonly kind: "unknown" };

/** Recordings of an unbroken session may be this far apart, by rounding. */
const SEAM_MS = 60;

export class Footage {
  readonly gaps: readonly Gap[];
  readonly stored: Spans;
  /** For drawing: each gap's place. */
  readonly missing: Spans;

  constructor(
    readonly startMs: number,
    readonly endMs: number,
    readonly recorded: Spans,
    gaps: readonly Gap[],
    stored: Spans,
    readonly pendingFromMs: number | null,
  ) {
    this.gaps = [...gaps].sort((a, b) => a.startMs - b.startMs);
    this.stored = stored;
    this.missing = Spans.of(gaps.map((gap) => [gap.startMs, gap.endMs]));
  }

  static of(answer: TimelineAnswer, startMs: number, endMs: number): Footage {
    const gaps = answer.gaps.map((gap) => ({
      startMs: gap.start_ms,
      endMs: gap.end_ms,
      reason: gap.reason,
      detail: gap.detail,
    }));
    const recorded = Spans.of(joined(pairsOf(answer.recorded)));
    const stored = Spans.of(pairsOf(answer.stored));
    return new Footage(startMs, endMs, recorded, gaps, stored, answer.pending_from_ms);
  }

  at(ms: number, nowMs: number): Moment {
    if (ms < this.startMs || ms >= this.endMs) return { kind: "unknown" };
    const span = this.recorded.containing(ms);
    if (span !== null) return { kind: "recorded", startMs: span[0], endMs: span[1] };
    if (ms >= nowMs) return { kind: "future" };
    const isStored = this.stored.containing(ms) !== null;
    const gap = this.gapAt(ms);
    if (gap !== null) return { kind: "gap", gap, isStored };
    if (this.pendingFromMs !== null && ms >= this.pendingFromMs) return { kind: "pending" };
    return { kind: "nothing", isStored };
  }

  /** The gap in which a moment lies; of several the one that began last. */
  gapAt(ms: number): Gap | null {
    return this.gaps.findLast((gap) => gap.startMs <= ms && ms < gap.endMs) ?? null;
  }

  gapsIn(startMs: number, endMs: number): Gap[] {
    return this.gaps.filter((gap) => gap.startMs < endMs && gap.endMs > startMs);
  }

  /** The first recorded moment at or after `ms`; null where none is known. */
  nextRecordedMs(ms: number): number | null {
    const span = this.recorded.from(ms);
    return span === null ? null : Math.max(span[0], ms);
  }
}

function pairsOf(spans: readonly (readonly number[])[]): Pair[] {
  return spans.map(([start = Number.NaN, end = Number.NaN]) => [start, end]);
}

function joined(pairs: readonly Pair[]): Pair[] {
  return pairs.map(([start, end], index) => {
    const next = pairs[index + 1];
    const isSeam = next !== undefined && next[0] > end && next[0] - end <= SEAM_MS;
    return [start, isSeam ? next[0] : end];
  });
}
