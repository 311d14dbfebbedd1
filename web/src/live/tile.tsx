/** One camera's live picture. It plays while it can be seen, and cleans up behind itself. */

import { memo, type ReactNode, useEffect, useRef, useState } from "react";
import type { Camera, Status } from "../api/cameras";
import type { Rendition, Transport } from "../player";
import type { Tile as Place } from "./layout";
import { Statistics } from "./statistics";
import css from "./tile.module.css";
import { TileActions } from "./tile-actions";
import { usePicture } from "./tile-picture";
import { Behind, PictureNote, TileTop } from "./tile-status";

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
  const { camera, status, place, isLarge, hasSound, commands, grip } = props;
  const id = camera.camera_id;
  const cover = useRef<HTMLButtonElement>(null);
  const [isHovered, setHovered] = useState(false);
  const picture = usePicture({
    camera: id,
    hasSub: camera.has_sub_stream,
    transport: props.transport,
    wish: props.wish,
    margin: props.margin,
    isLarge,
    hasSound,
    onMuted: () => commands.sound(id, false),
    onBlocked: commands.blocked,
  });
  const { player, state, rendition, isFull, toggleFullscreen } = picture;
  useEffect(() => {
    const focus = () => cover.current?.focus();
    const secondsBehind = () => player?.secondsBehindLive() ?? null;
    commands.register(id, { focus, fullscreen: toggleFullscreen, secondsBehind });
    return () => commands.register(id, null);
  }, [commands, id, toggleFullscreen, player]);

  return (
    <article
      ref={picture.setTile}
      className={css.tile}
      data-camera={id}
      data-large={isLarge || undefined}
      data-selected={props.isSelected || undefined}
      style={{ gridArea: gridArea(place, isLarge) }}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
    >
      <video ref={picture.setVideo} muted playsInline aria-label={`${camera.name}, live picture`} />
      <canvas ref={picture.still} className={css.still} width={0} height={0} aria-hidden />
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
            onFullscreen={toggleFullscreen}
          />
        )}
      </div>
      {grip}
    </article>
  );
});

function gridArea({ x, y, w, h }: Place, isLarge: boolean): string {
  return isLarge ? "1 / 1" : `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
}
