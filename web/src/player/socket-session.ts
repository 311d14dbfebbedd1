/** Plays the parts of the live WebSocket with Media Source: the way with the least delay. */

import { codecName, mimeType } from "./codecs";
import type { StateEmitter } from "./emitter";
import { LiveSocket } from "./live-socket";
import { MediaSink, mediaSourceClass } from "./media-sink";
import { Pacer } from "./pacing";
import { noteError, PlaybackWatch } from "./playback";
import type { Session, SessionContext } from "./player";
import type { InitHeader, MediaMessage, Notice, PartHeader } from "./protocol";
import type { ServerClock } from "./server-clock";
import { Timeline } from "./timeline";
import type { PlayerStats } from "./types";

const TICK_MS = 100;
/** What is behind is told at once; playback begins when it is through, or after this. */
const BEGIN_AFTER_MS = 300;
const ENOUGH_AHEAD = 0.3;
const HOLE_MS = 250;
const STUCK_JUMP_MS = 1500;
const STUCK_REBUILD_MS = 6000;
const SILENT_MS = 2000;
const UNPLAYABLE_RETRY_SECONDS = 60;
const MOST_INITS = 8;

interface Init {
  header: InitHeader;
  payload: Uint8Array<ArrayBuffer>;
}

/** Begins to play; null where the browser has no Media Source. */
export function beginSocketSession(context: SessionContext): Session | null {
  if (mediaSourceClass() !== null) return new SocketSession(context);
  const detail = "this browser has no Media Source Extensions; choose LL-HLS";
  context.emitter.set({ kind: "failed", detail, isTransport: true });
  return null;
}

class SocketSession implements Session {
  private readonly video: HTMLVideoElement;
  private readonly emitter: StateEmitter;
  private readonly stats: PlayerStats;
  private readonly clock: ServerClock;
  private readonly timeline = new Timeline();
  private readonly pacer: Pacer;
  private readonly watch: PlaybackWatch;
  private readonly socket: LiveSocket;
  private readonly ticker: ReturnType<typeof setInterval>;
  private readonly aborter = new AbortController();
  private readonly inits = new Map<string, Init>();
  private sink: MediaSink;
  private initInSink: string | null = null;
  private partSeconds = 0.2;
  private firstPartAt: number | null = null;
  private isFresh = false;
  private lastPartAt = 0;
  private hasBegun = false;
  private stuckSince: number | null = null;

  constructor(context: SessionContext) {
    ({ video: this.video, emitter: this.emitter, stats: this.stats } = context);
    this.clock = context.clock;
    this.pacer = new Pacer(context.options.margin);
    this.watch = new PlaybackWatch(this.video, this.stats, {
      onPlaying: () => this.onPlaying(),
      onResumed: (seconds) => this.pacer.stalled(seconds),
    });
    this.sink = this.newSink();
    this.socket = new LiveSocket(context, {
      onMedia: (message) => this.onMedia(message),
      onNotice: (notice) => this.onNotice(notice),
      onConnecting: () => this.emitter.set({ kind: "connecting" }),
      onLost: (detail, retryAtMs) => this.onLost(detail, retryAtMs),
      onDenied: (detail) => this.fail(detail, false),
      onBlocked: (detail) => this.fail(detail, true),
    });
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.pacer.restart(), {
      signal: this.aborter.signal,
    });
  }

  secondsBehindLive(): number | null {
    if (!this.hasBegun) return null;
    const wall = this.timeline.wallTimeMs(this.video.currentTime);
    return wall === null ? null : (this.clock.now() - wall) / 1000;
  }

  close(): void {
    clearInterval(this.ticker);
    this.aborter.abort();
    this.socket.close();
    this.watch.close();
    this.sink.close();
    this.video.playbackRate = 1;
  }

  private newSink(): MediaSink {
    return new MediaSink(this.video, {
      onAppended: () => this.tick(),
      onError: (detail) => this.rebuild(detail),
    });
  }

  /** Begins with an empty Media Source, at the next keyframe. */
  private renewSink(): void {
    this.sink.close();
    this.sink = this.newSink();
    this.initInSink = null;
    this.timeline.restart();
    this.pacer.restart();
    this.firstPartAt = null;
    this.isFresh = false;
    this.hasBegun = false;
    this.stuckSince = null;
  }

  private rebuild(detail: string): void {
    noteError(this.stats, detail);
    this.renewSink();
    this.socket.reconnect(detail); // it begins with a keyframe
  }

  private fail(detail: string, isTransport: boolean): void {
    noteError(this.stats, detail);
    this.emitter.set(
      isTransport ? { kind: "failed", detail, isTransport } : { kind: "failed", detail },
    );
  }

  /** Shows why it cannot be played; looks again later, because cameras are set up anew. */
  private refuse(detail: string): void {
    this.socket.reconnect(detail, UNPLAYABLE_RETRY_SECONDS);
    this.emitter.set({ kind: "failed", detail });
  }

  private onLost(detail: string, retryAtMs: number): void {
    noteError(this.stats, detail);
    this.stats.reconnects += 1;
    this.emitter.set({ kind: "reconnecting", detail, retryAtMs });
  }

  private onNotice(notice: Notice): void {
    if (notice.type === "waiting") {
      this.emitter.set({ kind: "waiting", detail: notice.detail });
    } else {
      this.stats.skippedParts += notice.parts;
    }
  }

  private onMedia(message: MediaMessage): void {
    const { header } = message;
    if (header.type === "part") {
      this.onPart(header, message.payload);
      return;
    }
    this.inits.delete(header.init_id);
    this.inits.set(header.init_id, { header, payload: message.payload });
    const oldest = this.inits.keys().next().value;
    if (this.inits.size > MOST_INITS && oldest !== undefined) this.inits.delete(oldest);
  }

  private onPart(part: PartHeader, payload: Uint8Array<ArrayBuffer>): void {
    this.clock.observe(part.sent_ms);
    if (!this.takeInit(part.init_id)) return;
    const place = this.timeline.place(part);
    if (place.action === "drop") return;
    this.stats.parts += 1;
    if (place.isBreak) this.pacer.restart(); // what was told at once is jumped over, not chased
    this.partSeconds = Math.max(part.duration_90k / 90_000, this.partSeconds * 0.98);
    this.firstPartAt ??= performance.now();
    this.sink.media(payload, place.timestampOffset);
    this.lastPartAt = performance.now();
    this.isFresh ||= part.sent_ms - part.published_ms < this.partSeconds * 1000;
    this.begin();
    if (this.hasBegun && !this.video.paused) this.emitter.set({ kind: "live" });
  }

  /** Gives the sink the init segment that a part needs; false when it cannot be played. */
  private takeInit(initId: string): boolean {
    if (this.initInSink === initId) return true;
    const init = this.inits.get(initId);
    if (init === undefined) {
      this.socket.reconnect("a part came before its init segment");
      return false;
    }
    const { codecs } = init.header;
    if (!mediaSourceClass()?.isTypeSupported(mimeType(codecs))) {
      this.refuse(`this browser cannot decode ${codecName(codecs)} (${codecs})`);
      return false;
    }
    if (!this.sink.accepts(codecs)) this.renewSink();
    this.sink.init(codecs, init.payload);
    this.initInSink = initId;
    return true;
  }

  /** Playback begins at the edge as soon as what lies behind has come. */
  private begin(): void {
    if (this.hasBegun || this.firstPartAt === null) return;
    const isLate = performance.now() - this.firstPartAt > BEGIN_AFTER_MS;
    const first = this.sink.ranges()[0];
    if (first === undefined || !this.sink.isIdle || !(this.isFresh || isLate)) return;
    this.hasBegun = true;
    this.watch.seek(Math.max(first[0], first[1] - this.pacer.target(this.partSeconds)));
    this.watch.start();
  }

  private onPlaying(): void {
    if (this.hasBegun && this.emitter.state.kind === "connecting") {
      this.emitter.set({ kind: "live" });
    }
  }

  private tick(): void {
    if (!this.hasBegun) this.begin();
    const stillMs = this.watch.stillMs();
    // a seek to where nothing can be shown never ends by itself
    if (!this.hasBegun || (this.video.seeking && stillMs < STUCK_JUMP_MS)) return;
    if (this.video.paused && !document.hidden) this.watch.start();
    const now = performance.now();
    this.noticeSilence(now);
    const ahead = this.sink.ahead(this.video.currentTime);
    // sound and picture end apart from each other: the last moments of a range do not play
    const isAtHole = ahead < 0.05 || (ahead < ENOUGH_AHEAD && stillMs > HOLE_MS);
    if (isAtHole && this.jumpOverHole()) return;
    this.unstick(now, ahead, stillMs);
    const decision = this.pacer.decide({ now: now / 1000, ahead, part: this.partSeconds });
    if (decision.jump > 0) this.watch.seek(this.video.currentTime + decision.jump);
    else if (this.video.playbackRate !== decision.rate) this.video.playbackRate = decision.rate;
  }

  private noticeSilence(now: number): void {
    if (this.emitter.state.kind === "live" && now - this.lastPartAt > SILENT_MS) {
      this.emitter.set({ kind: "waiting", detail: "no new picture comes" });
    }
  }

  private jumpOverHole(): boolean {
    const time = this.video.currentTime;
    const next = this.sink.ranges().find(([start]) => start > time);
    if (next === undefined) return false;
    this.watch.seek(next[0] + 0.01);
    return true;
  }

  /** A picture that stands still although there is media: jump, then begin anew. */
  private unstick(now: number, ahead: number, stillMs: number): void {
    const isStuck = ahead > ENOUGH_AHEAD && stillMs > STUCK_JUMP_MS;
    if (!isStuck || document.hidden) {
      this.stuckSince = null;
      return;
    }
    if (this.stuckSince === null) {
      this.stuckSince = now;
      this.watch.seek(this.video.currentTime + Math.max(0.01, ahead - ENOUGH_AHEAD));
    } else if (now - this.stuckSince > STUCK_REBUILD_MS) {
      this.rebuild("the picture does not move although media is there");
    }
  }
}
