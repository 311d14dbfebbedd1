/** What every way of playing live has in common. Nothing here knows the page around it. */

export type Rendition = "main" | "sub";
export type Transport = "websocket" | "ll-hls";

export type PlayerState =
  | { kind: "idle" }
  /** No picture yet, or a new one is being fetched. */
  | { kind: "connecting" }
  | { kind: "live" }
  /** Connected, and there is nothing to show; `detail` says why. */
  | { kind: "waiting"; detail: string }
  /** `retryAtMs`: when the next attempt begins, in milliseconds of `Date.now()`. */
  | { kind: "reconnecting"; detail: string; retryAtMs: number }
  /** Trying again does not help. */
  | { kind: "failed"; detail: string };

export type StateListener = (state: PlayerState) => void;

/** Counters for diagnosis and measurements; they only grow. */
export interface PlayerStats {
  /** Times that playback ran dry after it had begun. */
  stalls: number;
  stalledSeconds: number;
  /** Jumps to the live edge or over a hole. */
  jumps: number;
  reconnects: number;
  parts: number;
  /** Parts that the server left out because this viewer was too slow. */
  skippedParts: number;
  /** Milliseconds from `play()` to the first picture. */
  firstFrameMs: number | null;
  /** The last few errors, newest last. */
  errors: string[];
}

export interface LivePlayer {
  readonly transport: Transport;
  readonly state: PlayerState;
  readonly stats: PlayerStats;
  readonly video: HTMLVideoElement | null;
  attach(video: HTMLVideoElement): void;
  /** Begins to play, instead of whatever was played before; goes on by itself until `stop`. */
  play(camera: string, rendition: Rendition): void;
  stop(): void;
  /** Tells the state now and at every change; returns what ends that. */
  onState(listener: StateListener): () => void;
  /** Age of the picture on the screen by the server's clock, null before there is one. */
  secondsBehindLive(): number | null;
}

export interface LiveLink {
  /** Address of the master playlist, without `rendition`. */
  hls: string;
  /** Address of the WebSocket, without `rendition`. */
  websocket: string;
  snapshot: string;
  renditions: Rendition[];
}

/** Where players get access from. */
export interface LinkSource {
  /** A link that is good now; rejects with an Error whose message is for the viewer. */
  get(camera: string): Promise<LiveLink>;
  /** A new link, because the server refused the one from `get`. */
  refused(camera: string): Promise<LiveLink>;
  /** Calls back whenever a camera's link was renewed; returns what ends that. */
  onRenewed(camera: string, listener: () => void): () => void;
}

export interface PlayerOptions {
  /**
   * Seconds of media that should stay ahead while nothing goes wrong. More is steadier: many
   * pictures side by side, watched for hours, are worth a tenth of a second.
   */
  margin?: number;
}

/** An answer after which asking again is no use, or only after a while. */
export class LinkError extends Error {
  constructor(
    message: string,
    readonly options: { final: boolean; retryAfterSeconds?: number },
  ) {
    super(message);
    this.name = "LinkError";
  }
}
