/** The one wall clock that all cameras of a page are played by. */

/** Milliseconds that only go forward, as of `performance.now`. */
export type Ticks = () => number;

export class PlaybackClock {
  private anchorWallMs: number;
  private anchorTicks: number;
  private speed = 1;
  private isGoing = false;

  constructor(
    wallMs: number,
    private readonly ticks: Ticks,
  ) {
    this.anchorWallMs = wallMs;
    this.anchorTicks = ticks();
  }

  /** The moment that is played, Unix milliseconds. */
  get wallMs(): number {
    if (!this.isGoing) return this.anchorWallMs;
    return this.anchorWallMs + (this.ticks() - this.anchorTicks) * this.speed;
  }

  get rate(): number {
    return this.speed;
  }

  get isRunning(): boolean {
    return this.isGoing;
  }

  /** Says which moment is now: after a seek, or because the leading video shows it. */
  set(wallMs: number): void {
    this.anchorWallMs = wallMs;
    this.anchorTicks = this.ticks();
  }

  setRate(rate: number): void {
    this.set(this.wallMs);
    this.speed = rate;
  }

  run(): void {
    if (this.isGoing) return;
    this.anchorTicks = this.ticks();
    this.isGoing = true;
  }

  stop(): void {
    this.set(this.wallMs);
    this.isGoing = false;
  }
}
