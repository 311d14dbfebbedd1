/** Plays one or several cameras on one clock, for as long as the page is shown. */

import { serverNow } from "../api/server-now";
import { SPEEDS } from "./address";
import { FootageBook, type FootageSource, sameList } from "./book";
import { CameraPlayer, type Report } from "./camera-player";
import { PlaybackClock } from "./clock";
import type { Footage } from "./footage";
import { Leadership } from "./leader";
import { type Next, nextAt } from "./skip";
import { SkipTeller } from "./skip-teller";
import { isSameShown, type Snapshot } from "./snapshot";

/** More than so many videos are not decoded at more than double speed. */
const FEW_CAMERAS = 2;
const MOST_DECODED_FEW = 4;
const MOST_DECODED_MANY = 2;
const SHOWN_EVERY_MS = 200;
const HIDDEN_TICK_MS = 500;
/** Beside this distance to the clock a video is where it should be, seconds per unit of speed. */
const CLOSE_MS = 350;

export class PlaybackSession {
  readonly clock: PlaybackClock;
  private readonly book: FootageBook;
  private readonly players = new Map<string, CameraPlayer>();
  private reports = new Map<string, Report>();
  private readonly leadership = new Leadership();
  private readonly skips: SkipTeller;
  private readonly listeners = new Set<() => void>();
  private cameras: readonly string[] = [];
  private isPlaying = false;
  private isMuted = true;
  private scrubMs: number | null = null;
  private state: Snapshot["state"] = "loading";
  private shown: Snapshot;
  private shownAt = 0;
  private frameHandle = 0;
  private readonly hiddenTimer: ReturnType<typeof setInterval>;

  constructor(
    source: FootageSource,
    atMs: number,
    private readonly now: () => number = serverNow,
    private readonly newPlayer = (camera: string) => new CameraPlayer(camera),
  ) {
    this.clock = new PlaybackClock(atMs, () => performance.now());
    this.book = new FootageBook(source, now);
    this.skips = new SkipTeller((camera, afterMs) => source.nextRecording(camera, afterMs));
    this.shown = this.snapshotNow();
    this.frameHandle = requestAnimationFrame(this.onFrame);
    this.hiddenTimer = setInterval(() => document.hidden && this.tick(), HIDDEN_TICK_MS);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): Snapshot => this.shown;

  /** The moment under the playhead; while scrubbing, where it was dragged to. */
  get playheadMs(): number {
    return this.scrubMs ?? this.clock.wallMs;
  }

  /** What is known of the footage around the playhead. */
  get footage(): ReadonlyMap<string, Footage> {
    // a playhead that is dragged passes more places than the server is to be asked for
    if (this.scrubMs !== null) return this.book.current;
    return this.book.near(this.cameras, this.playheadMs);
  }

  setCameras(cameras: readonly string[]): void {
    if (sameList(cameras, this.cameras)) return;
    for (const [camera, player] of this.players) {
      if (cameras.includes(camera)) continue;
      player.close();
      this.players.delete(camera);
      this.reports.delete(camera);
    }
    this.cameras = [...cameras];
    for (const camera of cameras) {
      if (!this.players.has(camera)) this.players.set(camera, this.newPlayer(camera));
    }
    this.leadership.prefer(cameras[0] ?? null);
    this.show();
  }

  /** The element with a camera's pictures. */
  elementOf(camera: string): HTMLElement | null {
    return this.players.get(camera)?.element ?? null;
  }

  /** This camera gives the time and the sound. */
  prefer(camera: string): void {
    this.leadership.prefer(camera);
    this.applySound();
  }

  play(): void {
    this.isPlaying = true;
    if (this.state === "ended") this.skips.seek();
    this.show();
  }

  pause(): void {
    this.isPlaying = false;
    this.clock.stop();
    this.skips.dismiss();
    this.show();
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    this.scrubMs = null;
    this.clock.stop();
    this.clock.set(Math.min(ms, this.now()));
    this.state = "loading";
    this.skips.seek();
    this.leadership.reset();
    this.show();
  }

  /** While the playhead is dragged single pictures are shown. */
  scrub(ms: number): void {
    this.scrubMs = Math.min(ms, this.now());
    this.clock.stop();
    this.skips.dismiss();
  }

  endScrub(): void {
    if (this.scrubMs !== null) this.seek(this.scrubMs);
  }

  setRate(rate: number): void {
    if (!SPEEDS.includes(rate)) return;
    this.clock.setRate(rate);
    this.leadership.reset();
    this.applySound();
    this.show();
  }

  /** One frame on or back; playing stops. */
  step(direction: 1 | -1): void {
    const leader = this.players.get(this.leadership.camera ?? "");
    const ms = leader?.stepped(direction) ?? this.clock.wallMs + direction * 40;
    this.pause();
    this.clock.set(ms);
    this.skips.seek();
  }

  setMuted(isMuted: boolean): void {
    this.isMuted = isMuted;
    this.applySound();
    this.show();
  }

  /** The server tells that something of a camera changed. */
  changed(camera: string): void {
    if (!this.players.has(camera)) return;
    this.book.refresh();
    this.players.get(camera)?.growth.tell();
    this.skips.forgetEnd();
  }

  retry(): void {
    this.book.refresh();
    for (const player of this.players.values()) player.retry(this.clock.wallMs);
  }

  close(): void {
    cancelAnimationFrame(this.frameHandle);
    clearInterval(this.hiddenTimer);
    this.book.close();
    for (const player of this.players.values()) player.close();
    this.players.clear();
    this.listeners.clear();
  }

  private readonly onFrame = (): void => {
    this.frameHandle = requestAnimationFrame(this.onFrame);
    this.tick();
  };

  private tick(): void {
    if (this.cameras.length === 0) return;
    const { footage } = this;
    if (this.scrubMs === null) this.tickPlaying(footage);
    else this.framePlayers(footage);
    if (performance.now() - this.shownAt > SHOWN_EVERY_MS) this.show();
  }

  private tickPlaying(footage: ReadonlyMap<string, Footage>): void {
    const wallMs = this.playheadMs;
    const next = nextAt(footage, this.cameras, wallMs, this.now());
    this.actOn(next, wallMs, footage);
    this.framePlayers(footage);
    this.followLeader();
    this.crossHole(next);
  }

  /** Goes over stretches in which no camera has footage, and says so. */
  private actOn(next: Next, wallMs: number, footage: ReadonlyMap<string, Footage>): void {
    const toMs = this.skips.decide(next, {
      wallMs,
      cameras: this.cameras,
      footage,
      isPlaying: this.isPlaying,
      ticks: performance.now(),
    });
    if (toMs !== null) this.clock.set(toMs);
    if (next.kind === "wait" && wallMs > this.now()) this.clock.set(this.now());
    const before = this.state;
    this.state = this.stateFor(next);
    if (this.state === "ended" && before !== "ended") this.pause();
  }

  private stateFor(next: Next): Snapshot["state"] {
    if (next.kind === "wait") return "waiting";
    if (next.kind === "look" && this.skips.isEnd) return "ended";
    if (next.kind === "play" && !this.isHeld) return "playing";
    return "loading";
  }

  /** The clock waits: for a video that is being loaded, or while viewers read what is skipped. */
  private get isHeld(): boolean {
    return this.skips.isHolding || this.leadership.isWaitedFor;
  }

  private framePlayers(footage: ReadonlyMap<string, Footage>): void {
    const wallMs = this.playheadMs;
    const isRunning = this.clock.isRunning;
    const isPicturesOnly = this.isPicturesOnly || this.scrubMs !== null;
    for (const [camera, player] of this.players) {
      const known = footage.get(camera);
      const kind = known?.at(wallMs, this.now()).kind ?? "unknown";
      const report = player.frame({
        wallMs,
        isRunning,
        isExact: !this.isPlaying,
        rate: this.clock.rate,
        isLeader: camera === this.leadership.camera,
        hasFootage: kind === "unknown" ? null : kind === "recorded",
        nextFrom: (ms) => known?.nextRecordedMs(ms) ?? null,
        isPicturesOnly,
      });
      this.reports.set(camera, report);
    }
  }

  /** The clock goes by the leading video, so that one camera alone plays as smoothly as it can. */
  private followLeader(): void {
    const before = this.leadership.camera;
    this.leadership.choose(this.cameras, this.reports, performance.now());
    if (before !== this.leadership.camera) this.applySound();
    const isHere = this.skips.lastKind === "play";
    if (this.isPlaying && isHere && !this.isHeld) this.clock.run();
    else this.clock.stop();
    const leader = this.reports.get(this.leadership.camera ?? "");
    if (!this.clock.isRunning || leader?.wallMs == null || this.isPicturesOnly) return;
    const isClose =
      Math.abs(leader.wallMs - this.clock.wallMs) < CLOSE_MS * Math.max(1, this.clock.rate);
    if (isClose) this.clock.set(leader.wallMs);
  }

  /** Holes that are too short for the timeline are known by the playlists alone. */
  private crossHole(next: Next): void {
    if (next.kind !== "play" || !this.isPlaying || this.isPicturesOnly) return;
    const reports = [...this.reports.values()];
    const ends = reports.map(({ holeUntilMs }) => holeUntilMs).filter((end) => end !== null);
    const isAll = reports.every(({ screen }) => screen.kind === "none");
    if (isAll && ends.length > 0) this.clock.set(Math.min(...ends));
  }

  private get isPicturesOnly(): boolean {
    const isFew = this.cameras.length <= FEW_CAMERAS;
    const most = isFew ? MOST_DECODED_FEW : MOST_DECODED_MANY;
    const isFast = this.clock.rate > most || (this.clock.rate > 1 && this.leadership.isTooSlow);
    return isFast && this.isPlaying;
  }

  private applySound(): void {
    const isAudible = !this.isMuted && this.clock.rate <= 2;
    for (const [camera, player] of this.players) {
      player.muted = !(isAudible && camera === this.leadership.camera);
    }
  }

  private show(): void {
    this.shownAt = performance.now();
    const shown = this.snapshotNow();
    if (isSameShown(shown, this.shown)) return;
    this.shown = shown;
    for (const listener of [...this.listeners]) listener();
  }

  private snapshotNow(): Snapshot {
    const screens = new Map([...this.reports].map(([camera, { screen }]) => [camera, screen]));
    return {
      wallMs: this.playheadMs,
      isPlaying: this.isPlaying,
      rate: this.clock.rate,
      isMuted: this.isMuted,
      isPicturesOnly: this.isPicturesOnly,
      state: this.state,
      notice: this.skips.notice,
      screens,
      error: this.book.error,
    };
  }
}
