/** A player that belongs to a tile: it plays while it is wanted, and nothing is left of it after. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import {
  createPlayer,
  type LivePlayer,
  type PlayerState,
  type Rendition,
  type Transport,
} from "../player";
import { expose } from "./expose";
import { access, clock } from "./players";

const IDLE: PlayerState = { kind: "idle" };

export interface Wanted {
  camera: string;
  transport: Transport;
  /** Null: nothing is to be played now. */
  rendition: Rendition | null;
  /** Seconds of media that should stay ahead; counts from the next player on. */
  margin: number | undefined;
  /** Called before a picture that was shown goes away. */
  onLeave(): void;
}

export function useLivePlayer(video: HTMLVideoElement | null, wanted: Wanted): LivePlayer | null {
  const { camera, transport, rendition } = wanted;
  const latest = useRef(wanted);
  useEffect(() => {
    latest.current = wanted;
  });
  const [player, setPlayer] = useState<LivePlayer | null>(null);
  useEffect(() => {
    if (video === null) return;
    const { margin } = latest.current;
    const made = createPlayer(transport, access, clock, margin === undefined ? {} : { margin });
    made.attach(video);
    setPlayer(made);
    return () => {
      made.stop();
      setPlayer(null);
    };
  }, [video, transport]);
  useEffect(() => {
    if (player === null || rendition === null) return;
    player.play(camera, rendition);
    const hide = expose(player, camera, rendition);
    return () => {
      latest.current.onLeave();
      hide();
      player.stop();
    };
  }, [player, camera, rendition]);
  return player;
}

export function usePlayerState(player: LivePlayer | null): PlayerState {
  const subscribe = useCallback(
    (onChange: () => void) => player?.onState(onChange) ?? (() => undefined),
    [player],
  );
  return useSyncExternalStore(subscribe, () => player?.state ?? IDLE);
}
