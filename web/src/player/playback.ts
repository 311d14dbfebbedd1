/**
 * Watches a video element: first picture, stalls, whether it moves. Shared by all players.
 */

import type { PlayerStats } from "./types";

const MOST_ERRORS = 20;
/** After an own jump the element waits for data; that is no stall. */
const JUMP_GRACE_MS = 700;

export function newStats(): PlayerStats {
  return {
    stalls: 0,
    stalledSeconds: 0,
    jumps: 0,
    reconnects: 0,
    parts: 0,
    skippedParts: 0,
    firstFrameMs: null,
    errors: [],
  };
}

export function noteError(stats: PlayerStats, detail: string): void {
  stats.errors.push(`${new Date().toISOString()} ${detail}`);
  if (stats.errors.length > MOST_ERRORS) stats.errors.shift();
}

export interface WatchEvents {
  onPlaying(): void;
  /** Playback ran dry. */
  onStalled?(): void;
  /** It goes on after a stall of so many seconds. */
  onResumed?(seconds: number): void;
}

export class PlaybackWatch {
  private readonly aborter = new AbortController();
  private readonly askedAt = performance.now();
  private jumpedAt = Number.NEGATIVE_INFINITY;
  private stalledAt: number | null = null;
  private lastTime = -1;
  private movedAt = performance.now();
  private hasPlayed = false;
  private isStarting = false;

  constructor(
    readonly video: HTMLVideoElement,
    private readonly stats: PlayerStats,
    private readonly events: WatchEvents,
  ) {
    const { signal } = this.aborter;
    video.addEventListener("playing", () => this.onPlaying(), { signal });
    video.addEventListener("timeupdate", () => this.onMoved(), { signal });
    video.addEventListener("waiting", () => this.onWaiting(), { signal });
    if ("requestVideoFrameCallback" in video) {
      video.requestVideoFrameCallback(() => this.onFirstFrame());
    } else {
      (video as HTMLVideoElement).addEventListener("loadeddata", () => this.onFirstFrame(), {
        signal,
      });
    }
  }

  /** Starts playback; where sound needs a gesture first, the next try is without sound. */
  start(): void {
    if (this.isStarting) return;
    this.isStarting = true;
    this.video
      .play()
      .catch((error: unknown) => {
        // other errors: it was stopped meanwhile
        if (error instanceof DOMException && error.name === "NotAllowedError") {
          this.video.muted = true;
        }
      })
      .finally(() => {
        this.isStarting = false;
      });
  }

  seek(time: number): void {
    this.jumpedAt = performance.now();
    this.stats.jumps += 1;
    this.video.currentTime = time;
  }

  /** Milliseconds since the picture moved last. */
  stillMs(): number {
    if (this.video.currentTime !== this.lastTime) this.onMoved();
    return performance.now() - this.movedAt;
  }

  close(): void {
    this.aborter.abort();
    this.endStall();
  }

  private onFirstFrame(): void {
    this.stats.firstFrameMs ??= Math.round(performance.now() - this.askedAt);
  }

  private onPlaying(): void {
    this.hasPlayed = true;
    this.endStall();
    this.events.onPlaying();
  }

  private onMoved(): void {
    if (this.video.currentTime === this.lastTime) return;
    this.lastTime = this.video.currentTime;
    this.movedAt = performance.now();
    if (this.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.endStall();
  }

  private onWaiting(): void {
    const isOwnJump = performance.now() - this.jumpedAt < JUMP_GRACE_MS;
    if (!this.hasPlayed || isOwnJump || this.video.seeking || this.stalledAt !== null) return;
    this.stalledAt = performance.now();
    this.stats.stalls += 1;
    this.events.onStalled?.();
  }

  private endStall(): void {
    if (this.stalledAt === null) return;
    const seconds = (performance.now() - this.stalledAt) / 1000;
    this.stats.stalledSeconds += seconds;
    this.stalledAt = null;
    this.events.onResumed?.(seconds);
  }
}
