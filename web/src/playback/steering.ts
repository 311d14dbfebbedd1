/** How one camera's video is kept with the clock. No I/O: in goes what is, out comes what to do. */

import { clamp } from "./view";
import type { Place } from "./wall-map";

/** Off by more than this, and playing, it jumps; below, it is played a little faster or slower. */
const JUMP_SECONDS = 0.35;
/** Standing still, the picture must be the right one, also when frames are stepped at 60 fps. */
const STILL_SECONDS = 0.005;
const CLOSE_SECONDS = 0.02;
const MOST_NUDGE = 0.25;
/** A video that cannot keep up is not sent away again before it has shown something. */
const REST_MS = 1500;

export interface Steered {
  readonly place: Place;
  readonly mediaTime: number;
  readonly isSeeking: boolean;
  readonly sinceSeekMs: number;
  readonly isRunning: boolean;
  /** Standing still because somebody looks at this moment, and not only for a moment. */
  readonly isExact: boolean;
  readonly rate: number;
  /** The clock goes by this video: it is not corrected in small things. */
  readonly isLeader: boolean;
}

export interface Orders {
  /** Media time, seconds. */
  readonly seekTo: number | null;
  readonly isPlaying: boolean;
  readonly rate: number;
}

export function steer(video: Steered): Orders {
  const { place, rate } = video;
  if (place.kind === "hole") return { seekTo: waitingPlace(video), isPlaying: false, rate };
  const ahead = video.mediaTime - place.mediaTime;
  if (!video.isRunning) {
    const isOff = video.isExact ? Math.abs(ahead) > STILL_SECONDS : isFarOff(ahead, rate);
    const isWrong = isOff && !video.isSeeking;
    return { seekTo: isWrong ? place.mediaTime : null, isPlaying: false, rate };
  }
  if (isFarOff(ahead, rate)) {
    const mayJump = !video.isSeeking && (video.isLeader || video.sinceSeekMs > REST_MS);
    return { seekTo: mayJump ? place.mediaTime : null, isPlaying: ahead < 0, rate };
  }
  if (video.isLeader || Math.abs(ahead) < CLOSE_SECONDS)
    return { seekTo: null, isPlaying: true, rate };
  const nudge = clamp(ahead, -MOST_NUDGE, MOST_NUDGE);
  return { seekTo: null, isPlaying: true, rate: rate * (1 - nudge) };
}

/** Whether a video is so far from the clock that it must be sent to its place. */
export function isFarOff(aheadSeconds: number, rate: number): boolean {
  return Math.abs(aheadSeconds) > JUMP_SECONDS * Math.max(1, rate);
}

/** In a hole the video waits at what comes next, so that it is loaded by then. */
function waitingPlace({ place, mediaTime, isSeeking }: Steered): number | null {
  if (place.kind !== "hole" || place.next === null || isSeeking) return null;
  return Math.abs(place.next.mediaTime - mediaTime) > STILL_SECONDS ? place.next.mediaTime : null;
}
