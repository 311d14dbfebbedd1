/** What both transports share: from one `play` to the next there is one session. */

import { StateEmitter } from "./emitter";
import { newStats } from "./playback";
import type { ServerClock } from "./server-clock";
import type {
  LinkSource,
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
  links: LinkSource;
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

export class Player implements LivePlayer {
  stats: PlayerStats = newStats();
  video: HTMLVideoElement | null = null;

  private readonly emitter = new StateEmitter();
  private session: Session | null = null;

  /** `begin` returns null where it cannot play at all, and has told why. */
  constructor(
    readonly transport: Transport,
    private readonly begin: (context: SessionContext) => Session | null,
    private readonly shared: Pick<SessionContext, "links" | "clock" | "options">,
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
    this.session = this.begin({ ...shared, camera, rendition, video, emitter, stats });
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
