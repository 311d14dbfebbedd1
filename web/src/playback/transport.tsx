/** The row of controls: time, playing, speed, sound, selection. */

import {
  ChevronLeft,
  ChevronRight,
  Download,
  Maximize,
  Pause,
  Play,
  RotateCcw,
  RotateCw,
  Volume2,
  VolumeX,
  X,
} from "lucide-react";
import { Button, formatSeconds, formatTime, IconButton, Select } from "../ui";
import { SPEEDS } from "./address";
import css from "./playback.module.css";
import { rangeOf, type Selection } from "./selection";
import type { PlaybackSession } from "./session";
import type { Snapshot } from "./snapshot";

export interface TransportProps {
  session: PlaybackSession;
  snapshot: Snapshot;
  selection: Selection;
  onMark(edge: "start" | "end"): void;
  onClear(): void;
  onDownload(): void;
  onFullScreen(): void;
}

const SPEED_OPTIONS = SPEEDS.map((speed) => ({ id: String(speed), label: `${speed}×` }));

export function Transport(props: TransportProps) {
  const { session, snapshot } = props;
  const { isPlaying, isMuted } = snapshot;
  return (
    <div className={css.transport} role="toolbar" aria-label="Playback">
      <div className={css.buttons}>
        <IconButton label="Back 10 seconds" shortcut="←" onPress={() => jump(session, -10)}>
          <RotateCcw size={20} aria-hidden />
        </IconButton>
        <IconButton label="Back one frame" shortcut="," onPress={() => session.step(-1)}>
          <ChevronLeft size={20} aria-hidden />
        </IconButton>
        <IconButton
          label={isPlaying ? "Pause" : "Play"}
          shortcut="Space"
          kind="primary"
          onPress={() => session.toggle()}
        >
          {isPlaying ? <Pause size={20} aria-hidden /> : <Play size={20} aria-hidden />}
        </IconButton>
        <IconButton label="On one frame" shortcut="." onPress={() => session.step(1)}>
          <ChevronRight size={20} aria-hidden />
        </IconButton>
        <IconButton label="On 10 seconds" shortcut="→" onPress={() => jump(session, 10)}>
          <RotateCw size={20} aria-hidden />
        </IconButton>
      </div>
      <Clock ms={snapshot.wallMs} />
      <div className={css.buttons}>
        <Select
          label="Speed"
          isLabelHidden
          className={css.speed ?? ""}
          options={SPEED_OPTIONS}
          value={String(snapshot.rate)}
          onChange={(id) => session.setRate(Number(id))}
        />
        <IconButton
          label={isMuted ? "Sound on" : "Sound off"}
          shortcut="m"
          onPress={() => session.setMuted(!isMuted)}
        >
          {isMuted ? <VolumeX size={20} aria-hidden /> : <Volume2 size={20} aria-hidden />}
        </IconButton>
        <IconButton label="Full screen" shortcut="f" onPress={props.onFullScreen}>
          <Maximize size={20} aria-hidden />
        </IconButton>
      </div>
      <SelectionControls {...props} />
    </div>
  );
}

export function jump(session: PlaybackSession, seconds: number): void {
  session.seek(session.playheadMs + seconds * 1000);
}

function Clock({ ms }: { ms: number }) {
  const at = new Date(ms);
  return (
    <time className={css.clock} dateTime={at.toISOString()} data-testid="playback-time">
      <strong>{formatTime(at, "clock")}</strong>
      <span>{formatTime(at, "day")}</span>
    </time>
  );
}

function SelectionControls({ selection, onMark, onClear, onDownload }: TransportProps) {
  const range = rangeOf(selection);
  const isMarked = selection.startMs !== null || selection.endMs !== null;
  return (
    <div className={css.buttons}>
      <IconButton label="Selection begins here" shortcut="[" onPress={() => onMark("start")}>
        <span aria-hidden>[</span>
      </IconButton>
      <IconButton label="Selection ends here" shortcut="]" onPress={() => onMark("end")}>
        <span aria-hidden>]</span>
      </IconButton>
      <Button isDisabled={range === null} onPress={onDownload}>
        <Download size={18} aria-hidden />
        Download
        {range !== null && <span>{formatSeconds((range.endMs - range.startMs) / 1000)}</span>}
      </Button>
      {isMarked && (
        <IconButton label="Forget the selection" shortcut="Escape" onPress={onClear}>
          <X size={18} aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
