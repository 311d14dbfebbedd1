/**
 * The server's clock as this computer can know it. A clock that agrees within what the way
 * explains is trusted; one that does not is corrected by the fastest message that was seen.
 */

const EXPLAINED_MS = 400;
const WINDOW_MS = 60_000;

export class ServerClock {
  private lead: { ms: number; seenAt: number } | null = null;

  constructor(private readonly local: () => number = Date.now) {}

  /** Takes a message's time of sending, Unix milliseconds by the server's clock. */
  observe(sentMs: number): void {
    const now = this.local();
    const lead = now - sentMs;
    const best = this.lead;
    const isOld = best !== null && now - best.seenAt > WINDOW_MS;
    if (best === null || isOld || lead < best.ms) this.lead = { ms: lead, seenAt: now };
  }

  /** Unix milliseconds by the server's clock. */
  now(): number {
    return this.local() - this.correctionMs;
  }

  /** How far the local clock is ahead; 0 while the difference may be the way itself. */
  get correctionMs(): number {
    const lead = this.lead?.ms ?? 0;
    return lead < -20 || lead > EXPLAINED_MS ? lead : 0;
  }
}
