/** All cameras' pictures, and over them what is to be said about the moment. */

import { serverNow } from "../api/server-now";
import { CameraTile } from "./camera-tile";
import type { Moment } from "./footage";
import { NoticeCard } from "./notice-card";
import { momentText } from "./notices";
import css from "./playback.module.css";
import type { PlaybackSession } from "./session";
import type { Snapshot } from "./snapshot";
import type { Navigation } from "./use-navigation";

export interface TilesProps {
  session: PlaybackSession;
  snapshot: Snapshot;
  navigation: Navigation;
  cameras: readonly string[];
  nameOf(camera: string): string;
}

export function Tiles({ session, snapshot, navigation, cameras, nameOf }: TilesProps) {
  const footage = session.footage;
  return (
    <div className={css.stage} data-count={cameras.length}>
      {cameras.map((camera) => {
        const moment = footage.get(camera)?.at(snapshot.wallMs, serverNow());
        return (
          <CameraTile
            key={camera}
            session={session}
            camera={camera}
            name={nameOf(camera)}
            screen={snapshot.screens.get(camera) ?? { kind: "loading" }}
            why={whyNothing(moment)}
            isOnly={cameras.length === 1}
          />
        );
      })}
      <NoticeCard
        session={session}
        snapshot={snapshot}
        onLive={navigation.goLive}
        onLast={navigation.goToLast}
      />
    </div>
  );
}

function whyNothing(moment: Moment | undefined): string {
  const isKnown = moment !== undefined && moment.kind !== "unknown" && moment.kind !== "recorded";
  return isKnown ? momentText(moment) : "No recording";
}
