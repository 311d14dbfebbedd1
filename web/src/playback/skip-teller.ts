/** Goes over stretches without footage: looks for what comes next, and tells what was missing. */

import type { Footage } from "./footage";
import { whyMissing } from "./notices";
import type { Next } from "./skip";

/** What was skipped, and why. */
export interface Notice {
  readonly startMs: number;
  readonly endMs: number;
  readonly reasons: readonly string[];
}

/** How long playing stops so that the notice can be read. */
export const SKIP_HOLD_MS = 1_500;
const SHOWN_MS = 6_000;
/** Less than this is skipped without a word: a reconnection, a keyframe that was waited for. */
const WORTH_TELLING_MS = 1_000;
const LOOK_AGAIN_MS = 10_000;

export interface Circumstances {
  readonly wallMs: number;
  readonly cameras: readonly string[];
  readonly footage: ReadonlyMap<string, Footage>;
  readonly isPlaying: boolean;
  /** Milliseconds that only go forward. */
  readonly ticks: number;
}

export class SkipTeller {
  notice: Notice | null = null;
  /** Nothing was recorded after the moment that was looked at last. */
  isEnd = false;
  lastKind: Next["kind"] = "unknown";
  private isFromSeek = true;
  private target: { toMs: number; atTicks: number } | null = null;
  private shownUntil = 0;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private lookedFor = Number.NaN;
  private foundMs: number | null = null;

  constructor(
    private readonly nextRecording: (camera: string, afterMs: number) => Promise<number | null>,
  ) {}

  /** While it holds, playing stands still. */
  get isHolding(): boolean {
    return this.target !== null;
  }

  /** Somebody chose a moment: from a gap it jumps at once. */
  seek(): void {
    this.dismiss();
    this.isFromSeek = true;
    this.forgetEnd();
  }

  dismiss(): void {
    this.notice = null;
    this.target = null;
  }

  /** Something was recorded since. */
  forgetEnd(): void {
    this.isEnd = false;
    this.lookedFor = Number.NaN;
    this.lookedAt = Number.NEGATIVE_INFINITY;
    this.foundMs = null;
  }

  /** Returns the moment to go to; null: stay. */
  decide(next: Next, at: Circumstances): number | null {
    this.lastKind = next.kind;
    if (this.notice !== null && at.ticks > this.shownUntil && this.target === null) {
      this.notice = null;
    }
    if (this.target !== null) return this.leave(at);
    if (next.kind === "play") {
      this.isFromSeek = false;
      return null;
    }
    if (next.kind === "skip") return this.skip(next.toMs, at);
    if (next.kind === "look") return this.look(next.fromMs, at);
    return null;
  }

  private leave({ ticks }: Circumstances): number | null {
    const { target } = this;
    if (target === null || ticks < target.atTicks) return null;
    this.target = null;
    return target.toMs;
  }

  private skip(toMs: number, at: Circumstances): number | null {
    const { wallMs, ticks } = at;
    if (toMs - wallMs < WORTH_TELLING_MS) return toMs;
    const reasons = whyMissing(at.footage, at.cameras, wallMs, toMs);
    this.notice = { startMs: wallMs, endMs: toMs, reasons };
    const holdMs = this.isFromSeek || !at.isPlaying ? 0 : SKIP_HOLD_MS;
    this.shownUntil = ticks + holdMs + SHOWN_MS;
    if (holdMs === 0) return toMs;
    this.target = { toMs, atTicks: ticks + holdMs };
    return null;
  }

  /** Behind what is known: asks when the next recording begins. */
  private look(fromMs: number, at: Circumstances): number | null {
    const isAsked = this.lookedFor === fromMs && at.ticks - this.lookedAt < LOOK_AGAIN_MS;
    if (isAsked) return this.foundMs === null ? null : this.skip(this.foundMs, at);
    this.lookedFor = fromMs;
    this.lookedAt = at.ticks;
    this.foundMs = null;
    void this.ask(at.cameras, at.wallMs, fromMs);
    return null;
  }

  private async ask(cameras: readonly string[], wallMs: number, fromMs: number): Promise<void> {
    try {
      const found = await Promise.all(cameras.map((camera) => this.nextRecording(camera, wallMs)));
      if (this.lookedFor !== fromMs) return;
      const starts = found.filter((start) => start !== null && start > wallMs);
      this.foundMs = starts.length === 0 ? null : Math.min(...starts.map(Number));
      this.isEnd = this.foundMs === null;
    } catch {
      // it is asked again in a while; the page says that the server does not answer
    }
  }
}
