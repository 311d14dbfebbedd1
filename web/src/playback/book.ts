/** What is known of the footage around the moment that is played; it is asked for as it is needed. */

import { ApiError, messageOf } from "../api/errors";
import { serverNow } from "../api/server-now";
import { Footage, type TimelineAnswer } from "./footage";

export interface FootageSource {
  timeline(
    cameras: readonly string[],
    startMs: number,
    endMs: number,
    resolutionSeconds: number,
  ): Promise<TimelineAnswer[]>;
  /** Where a camera's first recording begins that ends after a moment; null where there is none. */
  nextRecording(camera: string, afterMs: number): Promise<number | null>;
}

const GRID_MS = 30 * 60_000;
const BEFORE_MS = GRID_MS;
const AFTER_MS = 3 * GRID_MS;
const FINE_SECONDS = 0.1;
/** Who holds a key down visits many places. */
const LEAST_MS = 700;
const RETRY_MS = 5_000;
/** Without an event; one may be lost with its connection. */
const AGAIN_MS = 60_000;
/** Changes come in bursts: all cameras end their recordings at the same time. */
const REFRESH_MS = 1_500;

export class FootageBook {
  /** Why the footage could not be asked for; null while it can. */
  error: string | null = null;
  private known: ReadonlyMap<string, Footage> = new Map();
  private pageMs: number | null = null;
  private cameras: readonly string[] = [];
  private asking = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dueAt = 0;
  private askedAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(
    private readonly source: FootageSource,
    private readonly now: () => number = serverNow,
  ) {}

  /** The footage near a moment, as far as it is known; what is missing is asked for. */
  near(cameras: readonly string[], wallMs: number): ReadonlyMap<string, Footage> {
    const pageMs = Math.floor(wallMs / GRID_MS) * GRID_MS;
    if (pageMs !== this.pageMs || !sameList(cameras, this.cameras)) {
      this.pageMs = pageMs;
      this.cameras = [...cameras];
      this.askIn(Math.max(0, this.askedAt + LEAST_MS - performance.now()));
    }
    return this.known;
  }

  /** What is known without asking for more. */
  get current(): ReadonlyMap<string, Footage> {
    return this.known;
  }

  /** Something changed on the server. */
  refresh(): void {
    this.askIn(REFRESH_MS);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** Asks after a while; what is due sooner stays. */
  private askIn(delayMs: number): void {
    const dueAt = performance.now() + delayMs;
    if (this.timer !== undefined && this.dueAt <= dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = dueAt;
    this.timer = setTimeout(() => void this.ask(), delayMs);
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { pageMs, cameras } = this;
    if (pageMs === null || cameras.length === 0 || this.isClosed) return;
    this.asking += 1;
    this.askedAt = performance.now();
    const asked = this.asking;
    const startMs = pageMs - BEFORE_MS;
    const endMs = pageMs + AFTER_MS;
    try {
      const answers = await this.source.timeline(cameras, startMs, endMs, FINE_SECONDS);
      if (asked !== this.asking) return; // something newer is under way
      this.error = null;
      this.known = new Map(
        answers.map((answer) => [answer.camera_id, Footage.of(answer, startMs, endMs)]),
      );
      if (endMs > this.now()) this.askIn(AGAIN_MS);
    } catch (error) {
      if (asked !== this.asking || this.isClosed) return;
      this.error = messageOf(error);
      const waitMs = error instanceof ApiError ? error.retryAfterSeconds * 1000 : 0;
      this.askIn(Math.max(RETRY_MS, waitMs));
    }
  }
}

export function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
