/** The browser's own HLS player, for browsers without any Media Source (iOS before 17.1). */

import { Backoff } from "./backoff";
import type { StateEmitter } from "./emitter";
import { noteError, PlaybackWatch } from "./playback";
import type { Session, SessionContext } from "./player";
import type { ServerClock } from "./server-clock";
import { type Answer, DENIED_RETRY_SECONDS, type PlayerStats } from "./types";

const TICK_MS = 1000;
const STUCK_MS = 15_000;

type DatedVideo = HTMLVideoElement & { getStartDate?: () => Date };

export class NativeHlsSession implements Session {
  private readonly video: DatedVideo;
  private readonly emitter: StateEmitter;
  private readonly stats: PlayerStats;
  private readonly clock: ServerClock;

  private readonly watch: PlaybackWatch;
  private readonly backoff = new Backoff();
  private readonly aborter = new AbortController();
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly forgetAccess: () => void;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private loadedAt = 0;
  private failures = 0;
  private isClosed = false;

  constructor(private readonly context: SessionContext) {
    ({ video: this.video, emitter: this.emitter, stats: this.stats } = context);
    this.clock = context.clock;
    this.watch = new PlaybackWatch(this.video, this.stats, {
      onPlaying: () => this.onPlaying(),
    });
    const { signal } = this.aborter;
    this.video.addEventListener("error", () => this.restart(this.video.error?.message ?? ""), {
      signal,
    });
    this.forgetAccess = context.access.onRenewed(() => this.hurry());
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    void this.load();
  }

  secondsBehindLive(): number | null {
    const start = this.video.getStartDate?.().getTime() ?? Number.NaN;
    if (Number.isNaN(start)) return null;
    return (this.clock.now() - start) / 1000 - this.video.currentTime;
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.ticker);
    clearTimeout(this.retryTimer);
    this.forgetAccess();
    this.aborter.abort();
    this.watch.close();
    this.video.removeAttribute("src");
    this.video.load();
  }

  private async load(): Promise<void> {
    this.retryTimer = undefined;
    this.emitter.set({ kind: "connecting" });
    const { camera, rendition, access } = this.context;
    // the element does not say why it failed, so the second failure is looked into
    const answer = this.failures > 1 ? await access.ask(camera, rendition) : null;
    if (this.isClosed || this.retryTimer !== undefined) return;
    if (answer !== null && answer.kind !== "open") {
      this.turnedAway(answer);
      return;
    }
    this.loadedAt = performance.now();
    this.video.src = access.address(camera, rendition, "ll-hls");
    this.watch.start();
  }

  private turnedAway(answer: Exclude<Answer, { kind: "open" }>): void {
    if (answer.kind === "away") {
      this.restart(answer.detail, answer.retryAfterSeconds);
      return;
    }
    this.restart(answer.detail, DENIED_RETRY_SECONDS);
    this.emitter.set({ kind: "failed", detail: answer.detail });
  }

  private hurry(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    void this.load();
  }

  private onPlaying(): void {
    this.failures = 0;
    this.backoff.reset();
    this.emitter.set({ kind: "live" });
  }

  private tick(): void {
    if (this.retryTimer !== undefined || document.hidden) return;
    const still = Math.min(this.watch.stillMs(), performance.now() - this.loadedAt);
    if (this.loadedAt > 0 && still > STUCK_MS) this.restart("no new picture comes");
  }

  private restart(detail: string, atLeastSeconds = 0): void {
    if (this.isClosed || this.retryTimer !== undefined) return;
    noteError(this.stats, detail);
    this.failures += 1;
    this.stats.reconnects += 1;
    const milliseconds = this.backoff.next(Math.max(1, atLeastSeconds)) * 1000;
    this.emitter.set({ kind: "reconnecting", detail, retryAtMs: Date.now() + milliseconds });
    this.retryTimer = setTimeout(() => void this.load(), milliseconds);
  }
}
