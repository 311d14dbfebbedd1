/** One camera's picture with its name, and what is to be said where there is none. */

import { CircleAlert, VideoOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button, Spinner } from "../ui";
import type { ScreenState } from "./camera-player";
import css from "./playback.module.css";
import type { PlaybackSession } from "./session";

export interface CameraTileProps {
  session: PlaybackSession;
  camera: string;
  name: string;
  screen: ScreenState;
  /** Why there is no footage at this moment. */
  why: string;
  isOnly: boolean;
}

export function CameraTile({ session, camera, name, screen, why, isOnly }: CameraTileProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = session.elementOf(camera);
    if (element !== null && place.current !== null) place.current.append(element);
  }, [session, camera]);
  return (
    <figure className={css.tile} data-state={screen.kind} data-camera={camera}>
      <div ref={place} className={css.pictures} />
      {!isOnly && (
        <figcaption className={css.name}>
          <Button
            kind="quiet"
            className={css.nameButton}
            onPress={() => session.prefer(camera)}
            aria-label={`${name}: listen to this camera`}
          >
            {name}
          </Button>
        </figcaption>
      )}
      <Cover screen={screen} why={why} />
    </figure>
  );
}

function Cover({ screen, why }: { screen: ScreenState; why: string }) {
  if (screen.kind === "showing") return null;
  if (screen.kind === "loading") {
    return (
      <div className={css.loading}>
        <Spinner label="Loading footage" />
      </div>
    );
  }
  const isFailed = screen.kind === "failed";
  const Icon = isFailed ? CircleAlert : VideoOff;
  return (
    <div className={css.cover}>
      <Icon size={24} strokeWidth={1.5} aria-hidden />
      <p>{isFailed ? screen.detail : why}</p>
    </div>
  );
}
