/** Plays one playlist of one camera in one video element, as it is ordered to. */

import Hls, { type ErrorData, type HlsConfig } from "hls.js";
import { renewSession } from "../api/refresh";
import { Backoff } from "../player/backoff";
import { problemDetail } from "../player/problem";
import type { Chunk } from "./chunks";
import { FrameWatch } from "./frame-watch";
import type { Growth } from "./growth";
import { cameraPath } from "./paths";
import { loaderWaitingFor } from "./playlist-loader";
import type { Orders } from "./steering";
import { endsWithin, type Place, placeOf, wallTimeAt } from "./wall-map";

const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;
/** So near to the end of what was recorded nothing more is waited for. */
const END_SECONDS = 0.3;

const CONFIG: Partial<HlsConfig> = {
  autoStartLoad: false,
  lowLatencyMode: false,
  enableWorker: false, // fMP4 is passed through: nothing to compute
  backBufferLength: 20,
  maxBufferLength: 20,
  maxMaxBufferLength: 60,
  maxBufferSize: 30_000_000,
  liveSyncDuration: 3600, // a growing playlist is no live stream: it is never chased
  liveMaxLatencyDuration: Number.POSITIVE_INFINITY,
};

const UNPLAYABLE: ReadonlySet<string> = new Set([
  Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR,
  Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
]);

export type DeckState =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  /** It is tried again. */
  | { readonly kind: "waiting"; readonly detail: string }
  | { readonly kind: "empty"; readonly detail: string }
  /** The playlist would be too long: ask for a shorter range. */
  | { readonly kind: "too-long" }
  | { readonly kind: "failed"; readonly detail: string };

export interface DeckSource {
  readonly camera: string;
  readonly chunk: Chunk;
  /** Where to begin loading, Unix milliseconds. */
  readonly startMs: number;
  readonly growth: Growth;
}

export class Deck {
  state: DeckState = { kind: "loading" };
  private hls: Hls | null = null;
  private readonly frames: FrameWatch;
  private readonly backoff = new Backoff();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private soughtAt = Number.NEGATIVE_INFINITY;
  /** Where nothing is recorded yet, something may be later. */
  private stopWaiting = () => {};
  private isClosed = false;
  private startMs: number;

  constructor(
    readonly video: HTMLVideoElement,
    readonly source: DeckSource,
  ) {
    this.startMs = source.startMs;
    this.frames = new FrameWatch(video);
    this.load();
  }

  /** Where a moment is in the media; null while the playlist is not known. */
  place(wallMs: number): Place | null {
    const fragments = this.fragments;
    return fragments === null ? null : placeOf(fragments, wallMs);
  }

  /** The moment that the picture shows. */
  get wallMs(): number | null {
    const fragments = this.fragments;
    return fragments === null ? null : wallTimeAt(fragments, this.video.currentTime);
  }

  get mediaTime(): number {
    return this.video.currentTime;
  }

  get isSeeking(): boolean {
    return this.video.seeking;
  }

  get hasPicture(): boolean {
    return this.video.readyState >= HAVE_CURRENT_DATA;
  }

  /** Whether a picture is there and playing can go on; at the very end it need not. */
  get canPlay(): boolean {
    const { seeking, readyState } = this.video;
    if (seeking || readyState < HAVE_CURRENT_DATA) return false;
    return readyState >= HAVE_FUTURE_DATA || this.isAtEnd;
  }

  /** Whether the playlist may get longer. */
  get isGrowing(): boolean {
    return this.hls?.levels[0]?.details?.live ?? false;
  }

  /** The moment in the middle of the next or the previous frame; null where it is not known. */
  stepped(direction: 1 | -1): number | null {
    const target = this.frames.stepped(this.video.currentTime, direction);
    const fragments = this.fragments;
    return fragments === null || target < 0 ? null : wallTimeAt(fragments, target);
  }

  get sinceSeekMs(): number {
    return performance.now() - this.soughtAt;
  }

  follow(orders: Orders): void {
    const { video } = this;
    if (orders.seekTo !== null) {
      this.soughtAt = performance.now();
      video.currentTime = orders.seekTo;
    }
    if (Math.abs(video.playbackRate - orders.rate) > 0.005) video.playbackRate = orders.rate;
    if (orders.isPlaying && video.paused) void this.play();
    if (!orders.isPlaying && !video.paused) video.pause();
  }

  /** Tries again at once what failed. */
  retry(wallMs: number): void {
    if (this.state.kind === "ready") return;
    this.startMs = wallMs;
    this.backoff.reset();
    this.load();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.stopWaiting();
    this.frames.close();
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Nothing more is to be waited for: footage ends here, or hls.js is to jump over a hole. */
  private get isAtEnd(): boolean {
    const { buffered, currentTime } = this.video;
    for (let at = 0; at < buffered.length; at++) {
      const hole = buffered.start(at) - currentTime;
      if (hole > 0 && hole < END_SECONDS) return true;
    }
    return endsWithin(this.fragments ?? [], currentTime, END_SECONDS);
  }

  private get fragments() {
    return this.hls?.levels[0]?.details?.fragments ?? null;
  }

  /** Without a gesture a browser refuses to play with sound. */
  private async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      const isRefused = error instanceof DOMException && error.name === "NotAllowedError";
      if (isRefused && !this.video.muted) this.video.muted = true;
    }
  }

  private load(): void {
    clearTimeout(this.timer);
    this.stopWaiting();
    this.hls?.destroy();
    const { camera, chunk, growth } = this.source;
    const hls = new Hls({ ...CONFIG, pLoader: loaderWaitingFor(growth) });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, data) => this.onError(hls, data));
    hls.once(Hls.Events.LEVEL_LOADED, (_event, { details }) => {
      const place = placeOf(details.fragments, this.startMs);
      const next = place.kind === "inside" ? place.mediaTime : (place.next?.mediaTime ?? 0);
      hls.startLoad(next);
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.onGood());
    hls.loadSource(cameraPath(camera, "playback.m3u8", chunk));
    hls.attachMedia(this.video);
  }

  private onGood(): void {
    this.state = { kind: "ready" };
    this.backoff.reset();
  }

  private onError(hls: Hls, data: ErrorData): void {
    if (hls !== this.hls || this.isClosed) return;
    const code = data.response?.code ?? 0;
    if (UNPLAYABLE.has(data.details)) {
      this.fail({ kind: "failed", detail: "This browser cannot decode what the camera sends." });
    } else if (data.fatal || code === 401) {
      this.onFatal(data, code);
    }
  }

  private onFatal(data: ErrorData, code: number): void {
    const said = problemDetail(responseText(data.networkDetails));
    const isPlaylist = data.details.startsWith("manifest") || data.details.startsWith("level");
    if (isPlaylist && code === 422) {
      this.fail({ kind: "too-long" });
    } else if (isPlaylist && code === 404) {
      this.fail({ kind: "empty", detail: said ?? "There is no footage at this time." });
      this.stopWaiting = this.source.growth.next(() => this.load());
    } else {
      const isMedia = data.type === Hls.ErrorTypes.MEDIA_ERROR;
      const usual = isMedia
        ? "The picture could not be decoded."
        : "The footage could not be loaded.";
      this.again(said ?? usual, code === 401);
    }
  }

  private fail(state: DeckState): void {
    this.state = state;
    this.hls?.destroy();
    this.hls = null;
  }

  private again(detail: string, mustRenew = false): void {
    this.startMs = this.wallMs ?? this.startMs;
    this.fail({ kind: "waiting", detail });
    this.timer = setTimeout(() => void this.reload(mustRenew), this.backoff.next() * 1000);
  }

  private async reload(mustRenew: boolean): Promise<void> {
    if (mustRenew) await renewSession();
    if (!this.isClosed) this.load();
  }
}

function responseText(details: unknown): string {
  const isRequest = typeof XMLHttpRequest !== "undefined" && details instanceof XMLHttpRequest;
  if (!isRequest || (details.responseType !== "" && details.responseType !== "text")) return "";
  return details.responseText;
}
