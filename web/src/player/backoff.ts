/** How long to wait before the next attempt: doubling, with jitter, bounded. */

const FIRST_SECONDS = 0.1;
const LONGEST_SECONDS = 15;
const JITTER = 0.5;

export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Seconds to wait after one more failure, at least `atLeastSeconds`. */
  next(atLeastSeconds = 0): number {
    const step = Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 16);
    const spread = 1 + JITTER * (2 * this.random() - 1);
    return Math.max(step, atLeastSeconds) * spread;
  }

  /** To be called when it went well for a while. */
  reset(): void {
    this.failures = 0;
  }
}
