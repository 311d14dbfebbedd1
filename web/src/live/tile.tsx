/** One camera's live picture. It plays while it can be seen, and cleans up behind itself. */

import { memo, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { Camera, Status } from "../api/cameras";
import type { Rendition, Transport } from "../player";
import { toggleFullscreen, useIsFullscreen } from "./fullscreen";
import type { Tile as Place } from "./layout";
import { Statistics } from "./statistics";
import { dropPicture, holdPicture } from "./still";
import css from "./tile.module.css";
import { TileActions } from "./tile-actions";
import { Behind, PictureNote, TileTop } from "./tile-status";
import { useLivePlayer, usePlayerState } from "./use-live-player";
import { useRendition } from "./use-rendition";
import { useVisible } from "./use-visible";

/** What the page does for its tiles; the same object as long as the page lives. */
export interface TileCommands {
  select(camera: string): void;
  enlarge(camera: string): void;
  sound(camera: string, isOn: boolean): void;
  snapshot(camera: string): void;
  history(camera: string, secondsBehind: number | null): void;
  blocked(): void;
  /** Keeps what the page's keys need of a tile; null: it is gone. */
  register(camera: string, keys: TileKeys | null): void;
}

export interface TileKeys {
  focus(): void;
  fullscreen(): void;
  secondsBehind(): number | null;
}

export interface TileProps {
  camera: Camera;
  status: Status | undefined;
  place: Place;
  transport: Transport;
  wish: "auto" | Rendition;
  margin: number | undefined;
  isLarge: boolean;
  isSelected: boolean;
  hasSound: boolean;
  hasStatistics: boolean;
  mayPlayBack: boolean;
  commands: TileCommands;
  /** What covers it while the layout is edited. */
  grip: ReactNode;
}

export const Tile = memo(function Tile(props: TileProps) {
  const { camera, status, place, transport, isLarge, hasSound, commands, grip } = props;
  const id = camera.camera_id;
  const [article, setArticle] = useState<HTMLElement | null>(null);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const cover = useRef<HTMLButtonElement>(null);
  const [isHovered, setHovered] = useState(false);
  const isFull = useIsFullscreen(article);
  const isVisible = useVisible(article);
  const choosing = {
    hasSub: camera.sub_url !== null,
    wish: props.wish,
    isLarge: isLarge || isFull,
  };
  const rendition = useRendition(article, choosing);
  const onLeave = useCallback(() => {
    if (video !== null && canvas.current !== null) holdPicture(video, canvas.current);
  }, [video]);
  const player = useLivePlayer(video, {
    camera: id,
    transport,
    rendition: isVisible ? rendition : null,
    margin: props.margin,
    onLeave,
  });
  const state = usePlayerState(player);
  useEffect(() => {
    const isOver = state.kind === "live" || state.kind === "failed";
    if (isOver && canvas.current !== null) dropPicture(canvas.current);
    if (state.kind === "failed" && state.isTransport) commands.blocked();
  }, [state, commands]);
  useSound(video, hasSound, (isOn) => commands.sound(id, isOn));
  const fullscreen = useCallback(() => {
    if (article !== null) toggleFullscreen(article, video);
  }, [article, video]);
  useEffect(() => {
    const focus = () => cover.current?.focus();
    const secondsBehind = () => player?.secondsBehindLive() ?? null;
    commands.register(id, { focus, fullscreen, secondsBehind });
    return () => commands.register(id, null);
  }, [commands, id, fullscreen, player]);

  return (
    <article
      ref={setArticle}
      className={css.tile}
      data-camera={id}
      data-large={isLarge || undefined}
      data-selected={props.isSelected || undefined}
      style={{ gridArea: gridArea(place, isLarge) }}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
    >
      <video ref={setVideo} muted playsInline aria-label={`${camera.name}, live picture`} />
      <canvas ref={canvas} className={css.still} width={0} height={0} aria-hidden />
      <PictureNote state={state} />
      <button
        ref={cover}
        type="button"
        className={css.cover}
        aria-label={isLarge ? `${camera.name}: back to all tiles` : `${camera.name}: enlarge`}
        onFocus={() => commands.select(id)}
        onClick={(event) => {
          // by mouse the second click enlarges, by keyboard the only one
          if (event.detail === 0) commands.enlarge(id);
          else event.currentTarget.focus();
        }}
        onDoubleClick={() => commands.enlarge(id)}
      />
      <TileTop camera={camera} status={status} />
      {props.hasStatistics && state.kind === "live" && player !== null && rendition !== null && (
        <Statistics player={player} rendition={rendition} status={status} />
      )}
      <div className={css.bottom}>
        <Behind player={state.kind === "idle" ? null : player} />
        {(isHovered || props.isSelected || isFull) && grip === null && (
          <TileActions
            hasSound={hasSound}
            isLarge={isLarge}
            mayPlayBack={props.mayPlayBack}
            onSound={() => commands.sound(id, !hasSound)}
            onSnapshot={() => commands.snapshot(id)}
            onHistory={() => commands.history(id, player?.secondsBehindLive() ?? null)}
            onEnlarge={() => commands.enlarge(id)}
            onFullscreen={fullscreen}
          />
        )}
      </div>
      {grip}
    </article>
  );
});

/** Where sound needs a gesture first, the player mutes the video; then the button says so. */
function useSound(video: HTMLVideoElement | null, hasSound: boolean, onMuted: (on: false) => void) {
  const latest = useRef(onMuted);
  useEffect(() => {
    latest.current = onMuted;
  });
  useEffect(() => {
    if (video === null) return;
    video.muted = !hasSound;
    const look = () => {
      if (hasSound && video.muted) latest.current(false);
    };
    video.addEventListener("volumechange", look);
    return () => video.removeEventListener("volumechange", look);
  }, [video, hasSound]);
}

function gridArea({ x, y, w, h }: Place, isLarge: boolean): string {
  return isLarge ? "1 / 1" : `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
}
