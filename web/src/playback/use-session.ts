/** The playback session as React sees it, and the address that follows it. */

import { useEffect, useState, useSyncExternalStore } from "react";
import { writeAddress } from "./address";
import { footageSource } from "./data";
import { PlaybackSession } from "./session";
import type { Snapshot } from "./snapshot";

const ADDRESS_MS = 1_000;

/** Makes a session for as long as the component is shown; null before the first effect. */
export function useNewSession(
  cameras: readonly string[],
  atMs: number,
  speed: number,
): PlaybackSession | null {
  const [session, setSession] = useState<PlaybackSession | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it begins is asked once
  useEffect(() => {
    const made = new PlaybackSession(footageSource, atMs);
    made.setCameras(cameras);
    made.setRate(speed);
    made.play();
    setSession(made);
    return () => made.close();
  }, []);
  return session;
}

export function useSnapshot(session: PlaybackSession): Snapshot {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/** Keeps the address level with what is seen, without a step in the browser's history. */
export function useAddress(session: PlaybackSession, cameras: readonly string[]): void {
  useEffect(() => {
    const write = () => {
      const { wallMs, rate } = session.snapshot();
      const search = writeAddress({ cameras, atMs: Math.round(wallMs / 100) * 100, speed: rate });
      if (search === location.search) return;
      history.replaceState(history.state, "", `${location.pathname}${search}`);
    };
    const timer = setInterval(write, ADDRESS_MS);
    return () => clearInterval(timer);
  }, [session, cameras]);
}
