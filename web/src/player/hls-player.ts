/** Plays LL-HLS: hls.js where it runs, the browser's own player elsewhere. */

import Hls, { type ErrorData, type HlsConfig, type LoaderConfig, type RetryConfig } from "hls.js";
import { Backoff } from "./backoff";
import { StateEmitter } from "./emitter";
import { NativeHls } from "./native-hls";
import { Pacer } from "./pacing";
import { newStats, noteError, PlaybackWatch } from "./playback";
import { problemDetail } from "./problem";
import type { ServerClock } from "./server-clock";
import type { PlayerOptions, PlayerStats, StateListener } from "./types";
import { LinkError, type LinkSource, type LivePlayer, type Rendition } from "./types";

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
/** Without any new part for so long the master playlist is asked again: numbering may be new. */
const NO_UPDATE_MS = 30_000;
const GOOD_MS = 10_000;
const NEW_ACCESS = new Set([401, 403]);
const NEW_MASTER = new Set([404, 410]);

/** Keep trying: a camera may be away for long. What a retry cannot mend is left to us. */
const RETRY: RetryConfig = {
  maxNumRetry: 1000,
  retryDelayMs: 500,
  maxRetryDelayMs: 4000,
  shouldRetry: (retry, count, _isTimeout, response) => {
    const code = response?.code ?? 0;
    const isPointless = NEW_ACCESS.has(code) || NEW_MASTER.has(code);
    return count < (retry?.maxNumRetry ?? 0) && !isPointless;
  },
};
const TIMEOUT_RETRY: RetryConfig = { maxNumRetry: 1000, retryDelayMs: 100, maxRetryDelayMs: 1000 };

function policy(firstByteMs: number, retries: number): { default: LoaderConfig } {
  return {
    default: {
      maxTimeToFirstByteMs: firstByteMs,
      maxLoadTimeMs: firstByteMs + 10_000,
      timeoutRetry: { ...TIMEOUT_RETRY, maxNumRetry: retries },
      errorRetry: { ...RETRY, maxNumRetry: retries },
    },
  };
}

/** `liveSyncDuration` is left alone: the playlist's PART-HOLD-BACK says how close is right. */
export const HLS_CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  enableWorker: false, // fMP4 is passed through: nothing to compute
  backBufferLength: 10,
  maxBufferLength: 20,
  maxLiveSyncPlaybackRate: 1, // it catches up only with more than 1 s ahead; see `Pacer`
  liveSyncOnStallIncrease: 0,
  manifestLoadPolicy: policy(15_000, 0), // the server holds the master for a first picture
  playlistLoadPolicy: policy(15_000, 1000),
  fragLoadPolicy: policy(10_000, 4),
};

export class HlsPlayer implements LivePlayer {
  readonly transport = "ll-hls";
  stats: PlayerStats = newStats();
  video: HTMLVideoElement | null = null;

  private readonly emitter = new StateEmitter();
  private session: Session | NativeHls | null = null;

  constructor(
    private readonly links: LinkSource,
    private readonly clock: ServerClock,
    private readonly options: PlayerOptions = {},
  ) {}

  get state() {
    return this.emitter.state;
  }

  attach(video: HTMLVideoElement): void {
    this.video = video;
  }

  play(camera: string, rendition: Rendition): void {
    if (this.video === null) throw new Error("attach a video element first");
    this.stop();
    this.stats = newStats();
    const target = { camera, rendition, links: this.links, ...this.options };
    const kind = Hls.isSupported() ? Session : NativeHls;
    this.session = new kind(this.video, this.emitter, this.stats, this.clock, target);
  }

  stop(): void {
    this.session?.close();
    this.session = null;
    this.emitter.set({ kind: "idle" });
  }

  onState(listener: StateListener): () => void {
    return this.emitter.listen(listener);
  }

  secondsBehindLive(): number | null {
    return this.session?.secondsBehindLive() ?? null;
  }
}

interface Target extends PlayerOptions {
  camera: string;
  rendition: Rendition;
  links: LinkSource;
}

/** From one `play` to the next. */
class Session {
  private readonly pacer: Pacer;
  private readonly backoff = new Backoff();
  private readonly watch: PlaybackWatch;
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly aborter = new AbortController();
  private readonly forgetLinks: () => void;
  private hls: Hls | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private isRefused = false;
  private startedAt = 0;
  private edge = -1;
  private edgeMovedAt = 0;
  private stuckSince: number | null = null;
  private farSince: number | null = null;
  private stalls: number[] = [];
  private stormAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly emitter: StateEmitter,
    private readonly stats: PlayerStats,
    private readonly clock: ServerClock,
    private readonly target: Target,
  ) {
    this.pacer = new Pacer(target.margin);
    this.watch = new PlaybackWatch(video, stats, {
      onPlaying: () => this.onPlaying(),
      onStalled: () => this.onStalled(),
    });
    // listening keeps the access alive; with the cookie renewed, addresses stay as they are
    this.forgetLinks = target.links.onRenewed(target.camera, () => undefined);
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
    this.forgetLinks();
    this.watch.close();
    this.hls?.destroy();
    this.hls = null;
    this.video.playbackRate = 1;
  }

  private async load(): Promise<void> {
    this.retryTimer = undefined;
    this.emitter.set({ kind: "connecting" });
    const { camera, rendition, links } = this.target;
    try {
      const link = await (this.isRefused ? links.refused(camera) : links.get(camera));
      this.isRefused = false;
      if (this.isClosed) return;
      const url = new URL(link.hls, location.href);
      url.searchParams.set("rendition", rendition);
      this.start(url.href);
    } catch (error) {
      this.onLinkError(error);
    }
  }

  private start(address: string): void {
    const hls = new Hls(HLS_CONFIG);
    this.hls = hls;
    this.startedAt = performance.now();
    this.edge = -1;
    this.edgeMovedAt = this.startedAt;
    this.stuckSince = null;
    this.pacer.restart();
    hls.on(Hls.Events.ERROR, (_event, data) => this.onError(hls, data));
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => this.onUpdated(details.edge));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.watch.start());
    hls.attachMedia(this.video);
    hls.loadSource(address);
  }

  private onLinkError(error: unknown): void {
    if (this.isClosed) return;
    const detail = error instanceof Error ? error.message : String(error);
    if (error instanceof LinkError && error.options.final) {
      this.emitter.set({ kind: "failed", detail });
    } else {
      const seconds = error instanceof LinkError ? error.options.retryAfterSeconds : 0;
      this.restart(detail, seconds);
    }
  }

  private onUpdated(edge: number): void {
    if (edge !== this.edge) this.edgeMovedAt = performance.now();
    if (edge !== this.edge) this.stats.parts += 1;
    this.edge = edge;
    if (performance.now() - this.startedAt > GOOD_MS) this.backoff.reset();
  }

  private onError(hls: Hls, data: ErrorData): void {
    if (hls !== this.hls) return;
    const code = data.response?.code ?? 0;
    const said = problemDetail(responseText(data.networkDetails));
    const detail = said ?? `${data.details}${code > 0 ? ` (HTTP ${code})` : ""}`;
    const weight = data.fatal ? "fatal " : "";
    noteError(this.stats, `${weight}${data.details} ${code} ${said ?? data.error?.message ?? ""}`);
    if (NEW_ACCESS.has(code)) this.isRefused = true;
    // a part that is gone is not the end: the playlist leads on
    const isPlaylist = data.details !== Hls.ErrorDetails.FRAG_LOAD_ERROR;
    if (data.fatal || (isPlaylist && (NEW_ACCESS.has(code) || NEW_MASTER.has(code)))) {
      this.restart(detail, data.details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR ? 1 : 0);
    } else if (code >= 500 && said !== null) {
      this.emitter.set({ kind: "waiting", detail: said });
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
    if (this.hls !== null) this.emitter.set({ kind: "live" });
  }

  private tick(): void {
    const { hls, video } = this;
    if (hls === null || hls.latestLevelDetails === null || document.hidden) return;
    if (video.paused) this.watch.start();
    this.noticeSilence();
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
  private onStalled(): void {
    this.pacer.stalled();
    const now = performance.now();
    if (now - this.edgeMovedAt > SILENT_MS / 2) return; // nothing came: no fault of the player
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
    if (now - this.edgeMovedAt > NO_UPDATE_MS) this.restart("nothing came for a while");
    else if (this.stuckSince !== null && now - this.stuckSince > STUCK_MS / 2) {
      this.restart("the picture does not move although the stream goes on");
    } else return false;
    return true;
  }
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
