/**
 * How fast to play and when to jump, so that the picture stays close to live and does not stall.
 *
 * What counts is the least that lay ahead of the picture during the last second: parts come in
 * steps, so what lies ahead just after one says little. The margin grows with every stall and
 * shrinks again while there is none.
 */

export interface Sample {
  /** Monotonic seconds. */
  now: number;
  /** Seconds of media ahead of the picture, without a hole. */
  ahead: number;
  /** Length of a part, seconds. */
  part: number;
  /** No more than this may be caught up, seconds: how far LL-HLS is behind its hold-back. */
  most?: number;
}

export interface Decision {
  rate: number;
  /** Seconds to jump forward; 0: play on. */
  jump: number;
}

const WINDOW_SECONDS = 1;
export const SMALLEST_MARGIN = 0.15;
const LARGEST_BASE_MARGIN = 0.3;
const STALL_STEP = 0.1;
const LONGEST_JITTER_SECONDS = 1;
const LARGEST_EXTRA = 1;
/** Slow: what stalled once a minute would otherwise go on doing so. */
const EXTRA_DECAY_PER_SECOND = 0.001;
/** Almost a stall: counts half. */
const NEAR_DRY_SECONDS = 0.04;
const JUMP_SECONDS = 3;
/** Shortly after the beginning a jump is cheaper than many seconds of fast playing. */
const SETTLING_SECONDS = 2;
const SETTLING_EXCESS = 0.5;

export class Pacer {
  private samples: { at: number; ahead: number }[] = [];
  private extra = 0;
  private startedAt: number | null = null;
  private decayedAt = 0;
  private isNearDry = false;

  /** `smallestMargin`: seconds that should stay ahead while nothing goes wrong. */
  constructor(private readonly smallestMargin = SMALLEST_MARGIN) {}

  /** Playback begins anew; the margin that was learnt stays. */
  restart(): void {
    this.samples = [];
    this.startedAt = null;
  }

  /** Playback ran dry for so long. What lasts longer is an outage, which no margin helps. */
  stalled(seconds: number): void {
    if (seconds > LONGEST_JITTER_SECONDS) return;
    this.extra = Math.min(LARGEST_EXTRA, this.extra + STALL_STEP);
    this.samples = [];
  }

  /** What should lie ahead when a part has just come, seconds. */
  target(part: number): number {
    return this.margin(part) + part;
  }

  decide(sample: Sample): Decision {
    this.startedAt ??= sample.now;
    this.decay(sample.now);
    this.noticeNearDry(sample);
    this.samples.push({ at: sample.now, ahead: sample.ahead });
    while (this.samples[0] !== undefined && sample.now - this.samples[0].at > WINDOW_SECONDS) {
      this.samples.shift();
    }
    const most = sample.most ?? Number.POSITIVE_INFINITY;
    const jump = Math.min(sample.ahead - this.target(sample.part), most);
    if (jump > this.longestChase(sample.now)) {
      this.samples = [];
      return { rate: 1, jump };
    }
    const first = this.samples[0]?.at ?? sample.now;
    if (sample.now - first < sample.part) return { rate: 1, jump: 0 }; // too little was seen
    return { rate: rateFor(Math.min(this.least() - this.margin(sample.part), most)), jump: 0 };
  }

  /** More than this is jumped over, seconds. */
  private longestChase(now: number): number {
    const isSettling = now - (this.startedAt ?? now) < SETTLING_SECONDS;
    return isSettling ? SETTLING_EXCESS : JUMP_SECONDS;
  }

  private margin(part: number): number {
    const base = Math.min(LARGEST_BASE_MARGIN, Math.max(this.smallestMargin, part / 2));
    return base + this.extra;
  }

  /** Once for each dip: an outage is one, however long. */
  private noticeNearDry({ ahead }: Sample): void {
    const wasNearDry = this.isNearDry;
    this.isNearDry = ahead <= NEAR_DRY_SECONDS;
    if (!this.isNearDry || wasNearDry || ahead <= 0) return;
    this.extra = Math.min(LARGEST_EXTRA, this.extra + STALL_STEP / 2);
  }

  private least(): number {
    return Math.min(...this.samples.map((sample) => sample.ahead));
  }

  private decay(now: number): void {
    const elapsed = this.decayedAt === 0 ? 0 : now - this.decayedAt;
    this.extra = Math.max(0, this.extra - elapsed * EXTRA_DECAY_PER_SECOND);
    this.decayedAt = now;
  }
}

/** A rate that nobody hears or sees for small differences, a faster one for large ones. */
export function rateFor(excessSeconds: number): number {
  if (excessSeconds > 0.6) return 1.25;
  if (excessSeconds > 0.25) return 1.1;
  if (excessSeconds > 0.06) return 1.05;
  if (excessSeconds < -0.08) return 0.95;
  return 1;
}
