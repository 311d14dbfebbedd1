/** A tile's picture: which stream plays in it, when, and what stays on the screen in between. */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { LivePlayer, PlayerState, Rendition, Transport } from "../player";
import { toggleFullscreen, useIsFullscreen } from "./fullscreen";
import { dropPicture, holdPicture } from "./still";
import { useLivePlayer, usePlayerState } from "./use-live-player";
import { useRendition } from "./use-rendition";
import { useVisible } from "./use-visible";

export interface PictureWish {
  camera: string;
  hasSub: boolean;
  transport: Transport;
  wish: "auto" | Rendition;
  margin: number | undefined;
  isLarge: boolean;
  hasSound: boolean;
  /** The browser took the sound away: it wants a gesture first. */
  onMuted(): void;
  /** The transport does not work here. */
  onBlocked(): void;
}

export interface Picture {
  setTile(tile: HTMLElement | null): void;
  setVideo(video: HTMLVideoElement | null): void;
  still: RefObject<HTMLCanvasElement | null>;
  player: LivePlayer | null;
  state: PlayerState;
  rendition: Rendition | null;
  isFull: boolean;
  toggleFullscreen(): void;
}

export function usePicture(wanted: PictureWish): Picture {
  const { camera, hasSub, transport, wish, margin, isLarge, onBlocked } = wanted;
  const [tile, setTile] = useState<HTMLElement | null>(null);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const isFull = useIsFullscreen(tile);
  const isVisible = useVisible(tile);
  const rendition = useRendition(tile, { hasSub, wish, isLarge: isLarge || isFull });
  const onLeave = useCallback(() => {
    if (video !== null && still.current !== null) holdPicture(video, still.current);
  }, [video]);
  const playing = isVisible ? rendition : null;
  const player = useLivePlayer(video, { camera, transport, rendition: playing, margin, onLeave });
  const state = usePlayerState(player);
  useEffect(() => {
    const isOver = state.kind === "live" || state.kind === "failed";
    if (isOver && still.current !== null) dropPicture(still.current);
    if (state.kind === "failed" && state.isTransport) onBlocked();
  }, [state, onBlocked]);
  useSound(video, wanted.hasSound, wanted.onMuted);
  const toggle = useCallback(() => {
    if (tile !== null) toggleFullscreen(tile, video);
  }, [tile, video]);
  return { setTile, setVideo, still, player, state, rendition, isFull, toggleFullscreen: toggle };
}

function useSound(video: HTMLVideoElement | null, hasSound: boolean, onMuted: () => void): void {
  const latest = useRef(onMuted);
  useEffect(() => {
    latest.current = onMuted;
  });
  useEffect(() => {
    if (video === null) return;
    video.muted = !hasSound;
    const look = () => {
      if (hasSound && video.muted) latest.current();
    };
    video.addEventListener("volumechange", look);
    return () => video.removeEventListener("volumechange", look);
  }, [video, hasSound]);
}
