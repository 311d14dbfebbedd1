/** Plays LL-HLS: hls.js where it runs, the browser's own player elsewhere. */

import Hls, { type ErrorData } from "hls.js";
import { Backoff } from "./backoff";
import type { StateEmitter } from "./emitter";
import { HLS_CONFIG, NEW_ACCESS, NEW_MASTER } from "./hls-config";
import { NativeHlsSession } from "./native-hls-session";
import { Pacer } from "./pacing";
import { noteError, PlaybackWatch } from "./playback";
import type { Session, SessionContext } from "./player";
import { problemDetail } from "./problem";
import type { ServerClock } from "./server-clock";
import { type Answer, DENIED_RETRY_SECONDS, type PlayerStats } from "./types";

const TICK_MS = 100;
const FAR_BEHIND_SECONDS = 3;
/** How long a jump waits for media at its end: hls.js loads more evenly when it is not sent away. */
const JUMP_WAIT_MS = 2000;
/** So many stalls in so short a time although the stream goes on: begin anew, but not often. */
const STORM_STALLS = 3;
const STORM_MS = 20_000;
const STORM_REST_MS = 60_000;
const SILENT_MS = 2000;
/** A picture that stands still for so long while the playlist goes on: begin anew. */
const STUCK_MS = 5000;
/** How often it is asked why nothing comes. */
const ASK_MS = 8_000;
const GOOD_MS = 10_000;
/** Cameras are set up anew now and then. */
const UNPLAYABLE_RETRY_SECONDS = 60;
const UNPLAYABLE: ReadonlySet<string> = new Set([
  Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR,
]);

/** Begins to play, by hls.js where it runs. */
export function beginHlsSession(context: SessionContext): Session {
  return Hls.isSupported() ? new HlsSession(context) : new NativeHlsSession(context);
}

class HlsSession implements Session {
  private readonly video: HTMLVideoElement;
  private readonly emitter: StateEmitter;
  private readonly stats: PlayerStats;
  private readonly clock: ServerClock;

  private readonly pacer: Pacer;
  private readonly backoff = new Backoff();
  private readonly watch: PlaybackWatch;
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly aborter = new AbortController();
  private readonly forgetAccess: () => void;
  private hls: Hls | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private isRefused = false;
  private startedAt = 0;
  private edge = -1;
  private edgeMovedAt = 0;
  private stuckSince: number | null = null;
  private farSince: number | null = null;
  private askedAt = 0;
  /** What the server said of the playlist when it was asked last. */
  private heard: string | null = null;
  /** Why the server has no picture; shown while it is asked again. */
  private reason: string | null = null;
  private stalls: number[] = [];
  private stormAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(private readonly context: SessionContext) {
    ({ video: this.video, emitter: this.emitter, stats: this.stats } = context);
    this.clock = context.clock;
    this.pacer = new Pacer(context.options.margin);
    this.watch = new PlaybackWatch(this.video, this.stats, {
      onPlaying: () => this.onPlaying(),
      onResumed: (seconds) => this.onResumed(seconds),
    });
    this.forgetAccess = context.access.onRenewed(() => this.hurry());
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    const { signal } = this.aborter;
    document.addEventListener("visibilitychange", () => document.hidden || this.onShown(), {
      signal,
    });
    window.addEventListener("online", () => this.hurry(), { signal });
    void this.load();
  }

  secondsBehindLive(): number | null {
    const shown = this.hls?.playingDate?.getTime();
    return shown === undefined ? null : (this.clock.now() - shown) / 1000;
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.ticker);
    clearTimeout(this.retryTimer);
    this.aborter.abort();
    this.forgetAccess();
    this.watch.close();
    this.hls?.destroy();
    this.hls = null;
    this.video.playbackRate = 1;
  }

  private async load(): Promise<void> {
    this.retryTimer = undefined;
    const { reason } = this;
    this.emitter.set(
      reason === null ? { kind: "connecting" } : { kind: "waiting", detail: reason },
    );
    const { camera, rendition, access } = this.context;
    const answer = this.isRefused ? await access.ask(camera, rendition) : null;
    if (this.isClosed || this.retryTimer !== undefined) return;
    if (answer !== null && answer.kind !== "open") {
      this.turnedAway(answer);
      return;
    }
    this.isRefused = false;
    this.start(access.address(camera, rendition, "ll-hls"));
  }

  private start(address: string): void {
    const hls = new Hls(HLS_CONFIG);
    this.hls = hls;
    this.startedAt = performance.now();
    this.edge = -1;
    this.edgeMovedAt = this.startedAt;
    this.stuckSince = null;
    this.heard = null;
    this.pacer.restart();
    hls.on(Hls.Events.ERROR, (_event, data) => this.onError(hls, data));
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => this.onUpdated(details.edge));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.watch.start());
    hls.attachMedia(this.video);
    hls.loadSource(address);
  }

  private turnedAway(answer: Exclude<Answer, { kind: "open" }>): void {
    if (answer.kind === "away") {
      this.restart(answer.detail, answer.retryAfterSeconds);
      return;
    }
    noteError(this.stats, answer.detail);
    this.restart(answer.detail, DENIED_RETRY_SECONDS);
    this.emitter.set({ kind: "failed", detail: answer.detail });
  }

  private onUpdated(edge: number): void {
    if (edge !== this.edge) {
      this.edgeMovedAt = performance.now();
      this.heard = null;
      this.stats.parts += 1;
    }
    this.edge = edge;
    if (performance.now() - this.startedAt > GOOD_MS) this.backoff.reset();
  }

  private onError(hls: Hls, data: ErrorData): void {
    if (hls !== this.hls) return;
    const code = data.response?.code ?? 0;
    const said = problemDetail(responseText(data.networkDetails));
    const weight = data.fatal ? "fatal " : "";
    noteError(this.stats, `${weight}${data.details} ${code} ${said ?? data.error?.message ?? ""}`);
    const isMaster = data.details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR;
    this.isRefused ||= isRefusal(code, isMaster);
    this.reason = code >= 500 ? said : null;
    if (UNPLAYABLE.has(data.details)) {
      const detail = "this browser cannot decode what the camera sends";
      this.restart(detail, UNPLAYABLE_RETRY_SECONDS);
      this.emitter.set({ kind: "failed", detail });
    } else if (data.fatal || isGone(data, code)) {
      this.restart(said ?? `${data.details}${code > 0 ? ` (HTTP ${code})` : ""}`, isMaster ? 1 : 0);
    } else if (this.reason !== null) {
      this.emitter.set({ kind: "waiting", detail: this.reason });
    }
  }

  /** Reads the master playlist anew: what is below it may have other addresses now. */
  private restart(detail: string, atLeastSeconds = 0): void {
    if (this.isClosed || this.retryTimer !== undefined) return;
    this.hls?.destroy();
    this.hls = null;
    this.stats.reconnects += 1;
    const milliseconds = this.backoff.next(atLeastSeconds) * 1000;
    this.emitter.set({ kind: "reconnecting", detail, retryAtMs: Date.now() + milliseconds });
    this.retryTimer = setTimeout(() => void this.load(), milliseconds);
  }

  private hurry(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    void this.load();
  }

  private onShown(): void {
    this.pacer.restart();
    this.hurry();
  }

  private onPlaying(): void {
    this.reason = null;
    if (this.hls !== null) this.emitter.set({ kind: "live" });
  }

  private tick(): void {
    const { hls, video } = this;
    if (hls === null || hls.latestLevelDetails === null || document.hidden) return;
    if (video.paused) this.watch.start();
    this.noticeSilence();
    this.askWhy(hls);
    if (this.isRestartDue() || video.seeking || video.readyState < 2) return;
    const behind = hls.latency - (hls.targetLatency ?? 0);
    if (this.isFarBehind(hls, behind)) return;
    const decision = this.pacer.decide({
      now: performance.now() / 1000,
      ahead: aheadOf(video),
      part: hls.latestLevelDetails.partTarget || 1,
      most: behind,
    });
    if (decision.jump > 0) this.watch.seek(video.currentTime + decision.jump);
    else if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
  }

  /** Far behind jumps to live; playing faster would take too long. */
  private isFarBehind(hls: Hls, behind: number): boolean {
    const now = performance.now();
    const target = hls.liveSyncPosition;
    if (behind < FAR_BEHIND_SECONDS || target === null) {
      this.farSince = null;
      return false;
    }
    this.farSince ??= now;
    const isThere = aheadOf(this.video, target) > 0;
    if (isThere || now - this.farSince > JUMP_WAIT_MS) {
      this.farSince = null;
      if (target > this.video.currentTime + 1) this.watch.seek(target);
    }
    return true;
  }

  /** hls.js may lose its step near the edge, and then stops at every segment. */
  private onResumed(seconds: number): void {
    this.pacer.stalled(seconds);
    const now = performance.now();
    if (seconds * 1000 > STUCK_MS) return; // nothing came: no fault of the player
    this.stalls = [...this.stalls.filter((at) => now - at < STORM_MS), now];
    if (this.stalls.length < STORM_STALLS || now - this.stormAt < STORM_REST_MS) return;
    this.stormAt = now;
    this.stalls = [];
    this.restart("the picture kept stopping");
  }

  private noticeSilence(): void {
    const still = Math.min(this.watch.stillMs(), performance.now() - this.edgeMovedAt);
    if (this.emitter.state.kind === "live" && still > SILENT_MS) {
      this.emitter.set({ kind: "waiting", detail: "no new picture comes" });
    }
  }

  private isRestartDue(): boolean {
    const now = performance.now();
    const isStill = this.watch.stillMs() > STUCK_MS && now - this.startedAt > STUCK_MS;
    const isRunning = now - this.edgeMovedAt < SILENT_MS;
    if (!isStill || !isRunning) this.stuckSince = null;
    else this.stuckSince ??= now;
    if (this.stuckSince === null || now - this.stuckSince < STUCK_MS / 2) return false;
    this.restart("the picture does not move although the stream goes on");
    return true;
  }

  /** Asks the server why nothing comes, once in a while; the last picture stays meanwhile. */
  private askWhy(hls: Hls): void {
    const now = performance.now();
    const url = hls.levels[0]?.url[0];
    if (now - Math.max(this.edgeMovedAt, this.askedAt) < ASK_MS || url === undefined) return;
    this.askedAt = now;
    fetch(url, { cache: "no-store" }).then(
      async (response) => this.onAnswer(hls, response.status, await response.text()),
      () => undefined, // hls.js goes on trying too, and says so
    );
  }

  private onAnswer(hls: Hls, status: number, text: string): void {
    if (hls !== this.hls || performance.now() - this.edgeMovedAt < ASK_MS) return;
    const detail = problemDetail(text);
    const hasGoneOn = status === 200 && this.heard !== null && this.heard !== text;
    this.heard = status === 200 ? text : this.heard;
    if (NEW_ACCESS.has(status)) this.isRefused = true;
    if (NEW_ACCESS.has(status) || NEW_MASTER.has(status)) this.restart(detail ?? "it has ended");
    else if (hasGoneOn) this.restart("the stream goes on, and nothing of it was loaded");
    else if (detail !== null) this.emitter.set({ kind: "waiting", detail });
  }
}

/** Whether the server is to be asked why, before it is tried again. */
function isRefusal(code: number, isMaster: boolean): boolean {
  return NEW_ACCESS.has(code) || (isMaster && NEW_MASTER.has(code));
}

/** Whether only the master playlist leads on. A part that is gone is not the end. */
function isGone(data: ErrorData, code: number): boolean {
  if (data.details === Hls.ErrorDetails.FRAG_LOAD_ERROR) return false;
  return NEW_ACCESS.has(code) || NEW_MASTER.has(code);
}

/** Seconds of media ahead of the picture, or of `time`, without a hole. */
function aheadOf(video: HTMLVideoElement, time = video.currentTime): number {
  const { buffered } = video;
  for (let at = 0; at < buffered.length; at++) {
    if (buffered.start(at) <= time + 0.02 && time < buffered.end(at)) {
      return buffered.end(at) - time;
    }
  }
  return 0;
}

function responseText(details: unknown): string {
  const isRequest = typeof XMLHttpRequest !== "undefined" && details instanceof XMLHttpRequest;
  if (!isRequest || (details.responseType !== "" && details.responseType !== "text")) return "";
  return details.responseText;
}
