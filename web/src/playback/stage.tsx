/** The page once it is known what to play: pictures, controls and timeline. */

import {
  type CSSProperties,
  type RefObject,
  useCallback,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Camera } from "../api/cameras";
import { messageOf } from "../api/errors";
import { serverNow } from "../api/server-now";
import { ErrorNote, formatSeconds, formatTime, toast, usePageTitle } from "../ui";
import { gapText } from "../words";
import type { Shown } from "./address";
import { DownloadDialog } from "./download-dialog";
import { EmptyNote } from "./empty-note";
import { GapList } from "./gap-list";
import { type CameraGap, gapsIn } from "./layers";
import { Legend } from "./legend";
import { timelineHeight } from "./paint";
import css from "./playback.module.css";
import { mark, NOTHING, rangeOf } from "./selection";
import type { PlaybackSession } from "./session";
import { usePlaybackShortcuts } from "./shortcuts";
import { StageHeader } from "./stage-header";
import { Tiles } from "./tiles";
import { Timeline } from "./timeline";
import { TimelineModel } from "./timeline-model";
import { Transport } from "./transport";
import { useInspection } from "./use-inspection";
import { useFreshness, useLayers } from "./use-layers";
import { useNavigation } from "./use-navigation";
import { useAddress, useNewSession, useSnapshot } from "./use-session";
import { centre } from "./view";
import { Zone } from "./zone";

/** How much the timeline shows at first. */
const FIRST_VIEW_MS = 90 * 60_000;

export interface StageProps {
  all: readonly Camera[];
  /** Named in the address, and not there for this viewer. */
  hidden: readonly string[];
  began: Shown & { readonly atMs: number };
}

export function Stage(props: StageProps) {
  const { cameras, atMs, speed } = props.began;
  const session = useNewSession(cameras, atMs, speed);
  usePageTitle("Playback");
  return session === null ? null : <Playing {...props} session={session} />;
}

function Playing({ all, hidden, began, session }: StageProps & { session: PlaybackSession }) {
  const [cameras, setCameras] = useState(began.cameras);
  const [zone] = useState(() => new Zone(Intl.DateTimeFormat().resolvedOptions().timeZone));
  const [model] = useState(() => newModel(began.atMs));
  const screen = useRef<HTMLDivElement>(null);
  const snapshot = useSnapshot(session);
  const { layers, view, error } = useLayers(model, cameras);
  const nameOf = useNames(all);
  const gaps = useMemo(() => gapsIn(layers, cameras, view), [layers, cameras, view]);
  const inspection = useInspection(session, model, gaps);
  const navigation = useNavigation(session, model, cameras);
  const selecting = useSelecting(session, model);
  useAddress(session, cameras);
  useFreshness(session, cameras);
  const choose = (chosen: readonly string[]) => {
    session.setCameras(chosen); // before the tiles ask for the pictures
    setCameras(chosen);
  };
  const clear = () => {
    inspection.forget();
    selecting.clear();
  };
  const fullScreen = () => toggleFullScreen(screen);
  usePlaybackShortcuts(session, model, {
    ...navigation,
    ...selecting,
    clear,
    fullScreen,
    inspectGap: inspection.inspect,
  });
  return (
    <div className={css.page} ref={screen} style={heights(cameras.length)}>
      <StageHeader
        {...{ session, navigation, zone, all, cameras }}
        atMs={snapshot.wallMs}
        onCameras={choose}
      />
      {hidden.length > 0 && <HiddenNote cameras={hidden} />}
      <Tiles {...{ session, snapshot, navigation, cameras, nameOf }} />
      <Transport
        {...{ session, snapshot }}
        selection={selecting.selection}
        onMark={selecting.mark}
        onClear={clear}
        onDownload={selecting.download}
        onFullScreen={fullScreen}
      />
      <Timeline
        {...{ session, model, layers, view, zone, cameras, nameOf }}
        inspected={inspection.inspected}
        onFit={navigation.fit}
      >
        <EmptyNote {...{ layers, view, cameras, gaps, navigation }} />
      </Timeline>
      <div role="status" className="visually-hidden">
        {inspection.inspected !== null && gapWords(inspection.inspected, nameOf)}
      </div>
      {error !== null && (
        <ErrorNote text={messageOf(error)} title="The timeline cannot be loaded" />
      )}
      <div className={css.under}>
        <Legend />
        <GapList gaps={gaps} nameOf={nameOf} onSeek={(ms) => session.seek(ms)} />
      </div>
      <DownloadDialog
        {...{ cameras, nameOf }}
        range={rangeOf(selecting.selection)}
        isOpen={selecting.isDownloading}
        onClose={selecting.endDownload}
      />
    </div>
  );
}

function heights(cameras: number): CSSProperties {
  return { "--timeline-height": `${timelineHeight(cameras)}px` } as CSSProperties;
}

function newModel(atMs: number): TimelineModel {
  const model = new TimelineModel({ startMs: atMs, endMs: atMs + FIRST_VIEW_MS }, serverNow);
  model.setView(centre(model.view, atMs, model.limits));
  return model;
}

function useNames(all: readonly Camera[]): (camera: string) => string {
  const names = useMemo(() => new Map(all.map((each) => [each.camera_id, each.name])), [all]);
  return useCallback((camera: string) => names.get(camera) ?? camera, [names]);
}

function useSelecting(session: PlaybackSession, model: TimelineModel) {
  const selection = useSyncExternalStore(model.subscribe, model.selectionNow);
  const [isDownloading, setDownloading] = useState(false);
  return {
    selection,
    isDownloading,
    mark: (edge: "start" | "end") =>
      model.setSelection(mark(model.selection, edge, session.playheadMs)),
    clear: () => model.setSelection(NOTHING),
    download: () => {
      if (rangeOf(model.selection) !== null) setDownloading(true);
      else toast("Mark where the download begins with [ and where it ends with ].");
    },
    endDownload: () => setDownloading(false),
  };
}

function HiddenNote({ cameras }: { cameras: readonly string[] }) {
  const text = `The address names ${cameras.join(", ")}: there is no such camera, or you may not see it.`;
  return <ErrorNote tone="busy" text={text} />;
}

function gapWords({ camera, gap }: CameraGap, nameOf: (camera: string) => string): string {
  const length = formatSeconds((gap.endMs - gap.startMs) / 1000);
  const begin = formatTime(new Date(gap.startMs), "second");
  return `Gap of ${nameOf(camera)} from ${begin}, ${length}: ${gapText(gap)}`;
}

function toggleFullScreen(element: RefObject<HTMLElement | null>): void {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
  else void element.current?.requestFullscreen?.();
}
