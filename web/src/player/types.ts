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
  /**
   * Trying again at once does not help; it is tried again once in a while. `isTransport`: another
   * transport may work.
   */
  | { kind: "failed"; detail: string; isTransport?: boolean };

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

/** What the server says of a camera's live stream. */
export type Answer =
  /** It can be watched. */
  | { kind: "open" }
  /** The viewer may not, or not any more, or there is no such camera. */
  | { kind: "denied"; detail: string }
  | { kind: "away"; detail: string; retryAfterSeconds: number };

/** Where players find live streams. */
export interface LiveAccess {
  address(camera: string, rendition: Rendition, transport: Transport): string;
  /** Asks why nothing comes, and prolongs the viewer's session where it has ended; never rejects. */
  ask(camera: string, rendition: Rendition): Promise<Answer>;
  /** Calls back when what was denied may be allowed now; returns what ends that. */
  onRenewed(listener: () => void): () => void;
}

export interface PlayerOptions {
  /**
   * Seconds of media that should stay ahead while nothing goes wrong. More is steadier: many
   * pictures side by side, watched for hours, are worth a tenth of a second.
   */
  margin?: number;
}

/** What was denied is asked for again after this: rights are granted, cameras are added. */
export const DENIED_RETRY_SECONDS = 30;
