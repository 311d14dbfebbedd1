/** What both transports share: from one `play` to the next there is one session. */

import { StateEmitter } from "./emitter";
import { newStats } from "./playback";
import type { ServerClock } from "./server-clock";
import type {
  LiveAccess,
  LivePlayer,
  PlayerOptions,
  PlayerState,
  PlayerStats,
  Rendition,
  StateListener,
  Transport,
} from "./types";

/** What a session is to play, with what, and where it says how that goes. */
export interface SessionContext {
  camera: string;
  rendition: Rendition;
  access: LiveAccess;
  clock: ServerClock;
  options: PlayerOptions;
  video: HTMLVideoElement;
  emitter: StateEmitter;
  stats: PlayerStats;
}

export interface Session {
  secondsBehindLive(): number | null;
  close(): void;
}

/** Begins to play; null where it cannot play at all, and has told why. */
export type Begin = (context: SessionContext) => Session | null;

export class Player implements LivePlayer {
  stats: PlayerStats = newStats();
  video: HTMLVideoElement | null = null;

  private readonly emitter = new StateEmitter();
  private session: Session | null = null;
  /** Counts what was begun and ended, so that code that came too late begins nothing. */
  private turn = 0;

  /** `load` returns what begins a session, at once or when its code was fetched. */
  constructor(
    readonly transport: Transport,
    private readonly load: () => Begin | Promise<Begin>,
    private readonly shared: Pick<SessionContext, "access" | "clock" | "options">,
  ) {}

  get state(): PlayerState {
    return this.emitter.state;
  }

  attach(video: HTMLVideoElement): void {
    this.video = video;
  }

  play(camera: string, rendition: Rendition): void {
    if (this.video === null) throw new Error("attach a video element first");
    this.stop();
    this.stats = newStats();
    const { shared, video, emitter, stats } = this;
    const context = { ...shared, camera, rendition, video, emitter, stats };
    const begin = this.load();
    if (begin instanceof Promise) void this.beginWhenLoaded(begin, context);
    else this.session = begin(context);
  }

  stop(): void {
    this.turn += 1;
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

  private async beginWhenLoaded(loading: Promise<Begin>, context: SessionContext): Promise<void> {
    const { turn } = this;
    this.emitter.set({ kind: "connecting" });
    try {
      const begin = await loading;
      if (turn === this.turn) this.session = begin(context);
    } catch {
      const detail = "the player could not be loaded; load this page again";
      if (turn === this.turn) this.emitter.set({ kind: "failed", detail });
    }
  }
}
