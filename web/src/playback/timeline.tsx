/** The timeline: a canvas that is painted, a slider for those who do not see it, and hints. */

import {
  type ReactNode,
  type RefObject,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { serverNow } from "../api/server-now";
import { formatTime } from "../ui";
import type { Gap } from "./footage";
import { Gestures } from "./gestures";
import { type Layer, momentIn } from "./layers";
import { momentText } from "./notices";
import { rowAt, rowTop, timelineHeight } from "./paint";
import { Painter } from "./painter";
import type { PlaybackSession } from "./session";
import css from "./timeline.module.css";
import type { TimelineModel } from "./timeline-model";
import { msAt, type View, xOf } from "./view";
import type { Zone } from "./zone";

export interface TimelineProps {
  session: PlaybackSession;
  model: TimelineModel;
  layers: readonly Layer[];
  /** What is shown, once it stands still. */
  view: View;
  zone: Zone;
  /** Ids in the order of the rows. */
  cameras: readonly string[];
  nameOf(camera: string): string;
  /** A gap that was chosen by keyboard: its reason is shown as on hover. */
  inspected: { camera: string; gap: Gap } | null;
  onFit(): void;
  /** Stands over the rows. */
  children?: ReactNode;
}

export function Timeline(props: TimelineProps) {
  const { session, model, zone, cameras } = props;
  const track = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<{ x: number; y: number } | null>(null);
  useEffect(() => model.setCameras(cameras), [model, cameras]);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const painter = new Painter(canvas.current, model, session, zone);
    return () => painter.close();
  }, [model, session, zone]);
  useGestures(track, { ...props, setHover });
  return (
    <div className={css.frame}>
      <Slider {...props} track={track}>
        <canvas
          ref={canvas}
          className={css.canvas}
          style={{ height: timelineHeight(cameras.length) }}
          aria-hidden
        />
        {cameras.length > 1 && <RowNames {...props} />}
        <Hint {...props} hover={hover} />
      </Slider>
      {props.children}
    </div>
  );
}

function useGestures(
  track: RefObject<HTMLDivElement | null>,
  {
    session,
    model,
    onFit,
    setHover,
  }: TimelineProps & {
    setHover(at: { x: number; y: number } | null): void;
  },
): void {
  const fit = useRef(onFit);
  useEffect(() => {
    fit.current = onFit;
  });
  useEffect(() => {
    if (track.current === null) return undefined;
    const gestures = new Gestures(track.current, model, {
      onSeek: (ms) => session.seek(ms),
      onScrub: (ms) => session.scrub(ms),
      onScrubEnd: () => session.endScrub(),
      onFit: () => fit.current(),
      onHover: setHover,
      playheadMs: () => session.playheadMs,
    });
    return () => gestures.close();
  }, [track, model, session, setHover]);
}

/** Its keys are the page's shortcuts; while it plays it is told in steps of five seconds. */
function Slider(
  props: TimelineProps & {
    track: RefObject<HTMLDivElement | null>;
    children: ReactNode;
  },
) {
  const { session, layers, view, cameras, nameOf, track } = props;
  const { wallMs, isPlaying } = useSyncExternalStore(session.subscribe, session.snapshot);
  const step = isPlaying ? 5_000 : 1;
  const told = Math.floor(wallMs / step) * step;
  const states = cameras.map((camera) => {
    const moment = momentIn(layers, camera, told, serverNow());
    return `${nameOf(camera)}: ${momentText(moment)}`;
  });
  return (
    <div
      ref={track}
      role="slider"
      tabIndex={0}
      className={css.track}
      aria-label="Playback time"
      aria-orientation="horizontal"
      aria-valuemin={Math.round(view.startMs / 1000)}
      aria-valuemax={Math.round(view.endMs / 1000)}
      aria-valuenow={Math.round(told / 1000)}
      aria-valuetext={`${formatTime(new Date(told), "second")}. ${states.join(". ")}`}
      data-testid="timeline"
    >
      {props.children}
    </div>
  );
}

function RowNames({ cameras, nameOf }: TimelineProps) {
  return cameras.map((camera, index) => (
    <span
      key={camera}
      className={css.rowName}
      style={{ top: rowTop(index, cameras.length) + 2 }}
      aria-hidden
    >
      {nameOf(camera)}
    </span>
  ));
}

interface HintProps extends TimelineProps {
  hover: { x: number; y: number } | null;
}

function Hint(props: HintProps) {
  return props.hover === null && props.inspected === null ? null : <HintBox {...props} />;
}

function HintBox({ model, hover, inspected, layers, cameras, nameOf }: HintProps) {
  useSyncExternalStore(model.subscribe, model.viewNow);
  const ms = hover === null ? inspected?.gap.startMs : msAt(model.view, model.width, hover.x);
  if (ms === undefined) return null;
  const row =
    hover === null ? cameras.indexOf(inspected?.camera ?? "") : rowAt(hover.y, cameras.length);
  const camera = row === null ? undefined : cameras[row];
  const moment = camera === undefined ? null : momentIn(layers, camera, ms, serverNow());
  const x = hover?.x ?? xOf(model.view, model.width, ms);
  const isRight = x > model.width / 2;
  return (
    <div
      className={css.hint}
      data-side={isRight ? "right" : "left"}
      style={isRight ? { right: Math.max(0, model.width - x) } : { left: Math.max(0, x) }}
      aria-hidden
    >
      <strong>{formatTime(new Date(ms), "second")}</strong>
      {camera !== undefined && moment !== null && (
        <span>
          {cameras.length > 1 ? `${nameOf(camera)}: ` : ""}
          {momentText(moment)}
          {moment.kind === "gap" && ` · ${gapTimes(moment.gap)}`}
        </span>
      )}
      {moment?.kind === "gap" && moment.gap.detail !== "" && (
        <span className={css.detail}>{moment.gap.detail}</span>
      )}
    </div>
  );
}

function gapTimes({ startMs, endMs }: Gap): string {
  const clock = (ms: number) => formatTime(new Date(ms), "clock");
  return `${clock(startMs)}–${clock(endMs)}`;
}
