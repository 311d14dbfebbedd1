/**
 * Where on the video element's timeline a part goes, and which wall time that is.
 *
 * The element's timeline has no holes: behind a discontinuity or missing parts the next part
 * follows what was there, so that playback runs on.
 */

import type { PartHeader } from "./protocol";

const CLOCK = 90_000;
/** A smaller step of the timestamps than this is played as it is. */
const TOLERANCE_SECONDS = 0.05;
const MOST_SPANS = 512;

export type Placement =
  | { action: "append"; timestampOffset: number; start: number; end: number; isBreak: boolean }
  /** `duplicate`: it is here already. `keyframe`: cannot be decoded without what is missing. */
  | { action: "drop"; reason: "duplicate" | "keyframe" };

interface Span {
  start: number;
  end: number;
  wallMs: number;
}

export class Timeline {
  private last: PartHeader | null = null;
  private offset = 0;
  private end = 0;
  private needsKeyframe = true;
  private spans: Span[] = [];

  /** Decides on the next part; what is to be appended counts as appended. */
  place(part: PartHeader): Placement {
    const last = this.last;
    if (last !== null && isRepeat(last, part)) return { action: "drop", reason: "duplicate" };
    const isNext = last !== null && follows(last, part);
    if (!isNext) this.needsKeyframe = true;
    if (this.needsKeyframe && !part.independent) return { action: "drop", reason: "keyframe" };
    const isBreak = this.move(part, last);
    const start = part.start_90k / CLOCK + this.offset;
    this.end = start + part.duration_90k / CLOCK;
    this.last = part;
    this.needsKeyframe = false;
    this.remember({ start, end: this.end, wallMs: part.start_ms });
    return { action: "append", timestampOffset: this.offset, start, end: this.end, isBreak };
  }

  /** Parts after this one need a keyframe first, because something was lost on the way here. */
  interrupt(): void {
    this.needsKeyframe = true;
  }

  /** Begins a new element timeline at 0; parts that come again are taken again. */
  restart(): void {
    this.last = null;
    this.offset = 0;
    this.end = 0;
    this.needsKeyframe = true;
    this.spans = [];
  }

  /** The wall time of the picture at a media time, Unix milliseconds; null where there is none. */
  wallTimeMs(mediaTime: number): number | null {
    for (let index = this.spans.length - 1; index >= 0; index--) {
      const span = this.spans[index];
      if (span !== undefined && span.start <= mediaTime + 1e-6) {
        return span.wallMs + (Math.min(mediaTime, span.end) - span.start) * 1000;
      }
    }
    return null;
  }

  /** Where the newest part ends on the element's timeline, seconds. */
  get edge(): number {
    return this.end;
  }

  private move(part: PartHeader, last: PartHeader | null): boolean {
    const step = part.start_90k / CLOCK + this.offset - this.end;
    const isBreak = last === null || last.discontinuity !== part.discontinuity;
    if (last !== null && last.live_id === part.live_id && !isBreak) {
      if (Math.abs(step) < TOLERANCE_SECONDS) return false;
    }
    this.offset -= step;
    return true;
  }

  private remember(span: Span): void {
    this.spans.push(span);
    if (this.spans.length > MOST_SPANS) this.spans.shift();
  }
}

function isRepeat(last: PartHeader, part: PartHeader): boolean {
  if (last.live_id !== part.live_id) return false;
  return part.msn < last.msn || (part.msn === last.msn && part.part <= last.part);
}

function follows(last: PartHeader, part: PartHeader): boolean {
  if (last.live_id !== part.live_id || last.init_id !== part.init_id) return false;
  if (last.discontinuity !== part.discontinuity) return false;
  if (part.msn === last.msn) return part.part === last.part + 1;
  return part.msn === last.msn + 1 && part.part === 0;
}
