/** Many stretches of time, sorted and disjoint, found by binary search. */

import { msAt, spanOf, type View } from "./view";

export type Pair = readonly [startMs: number, endMs: number];
/** Draws from one pixel column to before another. */
export type DrawColumns = (fromX: number, toX: number) => void;

export class Spans {
  private constructor(
    private readonly starts: Float64Array,
    private readonly ends: Float64Array,
  ) {}

  static readonly NONE = new Spans(new Float64Array(), new Float64Array());

  /** What touches or overlaps is joined; what is empty or not a number is left out. */
  static of(pairs: readonly Pair[]): Spans {
    const sorted = pairs
      .filter(([start, end]) => end > start && Number.isFinite(start) && Number.isFinite(end))
      .sort((a, b) => a[0] - b[0]);
    const starts = new Float64Array(sorted.length);
    const ends = new Float64Array(sorted.length);
    let count = 0;
    for (const [start, end] of sorted) {
      const last = count - 1;
      if (count > 0 && start <= (ends[last] ?? 0)) {
        ends[last] = Math.max(ends[last] ?? 0, end);
      } else {
        starts[count] = start;
        ends[count] = end;
        count += 1;
      }
    }
    return new Spans(starts.slice(0, count), ends.slice(0, count));
  }

  get length(): number {
    return this.starts.length;
  }

  at(index: number): Pair | null {
    const start = this.starts[index];
    const end = this.ends[index];
    return start === undefined || end === undefined ? null : [start, end];
  }

  first(): Pair | null {
    return this.at(0);
  }

  last(): Pair | null {
    return this.at(this.length - 1);
  }

  /** The span in which a moment lies. */
  containing(ms: number): Pair | null {
    const span = this.at(this.indexFrom(ms));
    return span !== null && span[0] <= ms ? span : null;
  }

  /** The first span that ends after a moment. */
  from(ms: number): Pair | null {
    return this.at(this.indexFrom(ms));
  }

  /** The last span that begins before a moment. */
  before(ms: number): Pair | null {
    const index = this.indexFrom(ms);
    const span = this.at(index);
    return span !== null && span[0] < ms ? span : this.at(index - 1);
  }

  /** What of a stretch is covered, milliseconds. */
  coveredMs(startMs: number, endMs: number): number {
    let sum = 0;
    for (let index = this.indexFrom(startMs); index < this.length; index++) {
      const start = this.starts[index] ?? 0;
      if (start >= endMs) break;
      sum += Math.min(this.ends[index] ?? 0, endMs) - Math.max(start, startMs);
    }
    return sum;
  }

  /**
   * Draws the spans of a view, merged per pixel column; each is at least one column wide.
   *
   * Spans that end in a column that is drawn already are jumped over, so that the work grows with
   * the width and not with the number of spans.
   */
  columns(view: View, width: number, draw: DrawColumns): void {
    const perMs = width / spanOf(view);
    let fromX = -1;
    let toX = -1;
    let index = this.indexFrom(view.startMs);
    while (index < this.length) {
      const start = this.starts[index] ?? 0;
      if (start >= view.endMs) break;
      const left = Math.max(0, Math.floor((start - view.startMs) * perMs));
      const end = ((this.ends[index] ?? 0) - view.startMs) * perMs;
      const right = Math.min(width, Math.max(left + 1, Math.round(end)));
      if (left > toX) {
        if (toX > fromX) draw(fromX, toX);
        fromX = left;
      }
      toX = Math.max(toX, right);
      index = this.nextVisible(index, msAt(view, width, toX));
    }
    if (toX > fromX) draw(fromX, toX);
  }

  /** The next index after `index` whose span ends after `ms`; near ones are looked at first. */
  private nextVisible(index: number, ms: number): number {
    let step = 1;
    while (index + step < this.length && (this.ends[index + step] ?? 0) <= ms) step *= 2;
    return this.search(ms, index + 1, Math.min(this.length, index + step));
  }

  private indexFrom(ms: number): number {
    return this.search(ms, 0, this.length);
  }

  /** The first index in [low, high) whose span ends after `ms`, or `high`. */
  private search(ms: number, low: number, high: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.ends[middle] ?? 0) > ms) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
