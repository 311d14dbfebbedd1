/** Rows of the list: a day, a recording, a gap between recordings. All have one height. */

import { CirclePlay, Download } from "lucide-react";
import { Link } from "react-router";
import { Badge, Bytes, Duration, formatTime, Time } from "../ui";
import { gapText } from "../words";
import css from "./recordings.module.css";
import type { Gap, Recording } from "./rows";
import { endText, isOrdinaryEnd, pictureText, sourceText } from "./words";

/** Also the number of a row's cells. */
export const COLUMNS: readonly { id: string; label: string; align?: "right" }[] = [
  { id: "start", label: "Start" },
  { id: "camera", label: "Camera" },
  { id: "length", label: "Length", align: "right" },
  { id: "size", label: "Size", align: "right" },
  { id: "picture", label: "Picture" },
  { id: "source", label: "Source" },
  { id: "end", label: "Why it ended" },
  { id: "actions", label: "Actions", align: "right" },
];

interface Common {
  /** Counts from one, the row of headings included. */
  index: number;
  names: ReadonlyMap<string, string>;
}

const playbackPath = (camera: string, at: string) =>
  `/playback?camera=${encodeURIComponent(camera)}&at=${at}`;

export function DayRow({ at, index }: { at: Date; index: number }) {
  return (
    <tr className={css.dayRow} data-row aria-rowindex={index}>
      <th scope="colgroup" colSpan={COLUMNS.length}>
        {formatTime(at, "day")}
      </th>
    </tr>
  );
}

export function RecordingRow({ recording, index, names }: Common & { recording: Recording }) {
  const { camera_id, started_at, end_reason } = recording;
  const name = names.get(camera_id) ?? camera_id;
  const picture = pictureText(recording);
  return (
    <tr data-row aria-rowindex={index}>
      <th scope="row" data-cell="start">
        <Time at={started_at} shape="clock" />
      </th>
      <td data-cell="camera" title={name}>
        {name}
      </td>
      <td data-cell="length" data-align="right">
        <Duration seconds={recording.duration_seconds} />
      </td>
      <td data-cell="size" data-align="right">
        <Bytes bytes={recording.bytes} />
      </td>
      <td data-cell="picture" title={`${picture} (${recording.video_codec})`}>
        {picture}
      </td>
      <td data-cell="source">{sourceText(recording.source)}</td>
      <td data-cell="end" title={endText(end_reason)}>
        {isOrdinaryEnd(end_reason) ? (
          <span className={css.dim}>{endText(end_reason)}</span>
        ) : (
          <Badge tone="busy">{endText(end_reason)}</Badge>
        )}
      </td>
      <td data-cell="actions" data-align="right">
        <Actions recording={recording} name={name} />
      </td>
    </tr>
  );
}

/** Plain links: hundreds of them come and go while the list is scrolled. */
function Actions({ recording, name }: { recording: Recording; name: string }) {
  const { camera_id, started_at, download_path } = recording;
  const what = `${name}, ${formatTime(new Date(started_at), "second")}`;
  return (
    <>
      <Link
        className={css.action}
        to={playbackPath(camera_id, started_at)}
        aria-label={`Play ${what}`}
      >
        <CirclePlay size={18} aria-hidden /> Play
      </Link>
      <a
        className={css.action}
        href={download_path}
        download
        aria-label={`Download ${what}`}
        title="Download"
      >
        <Download size={18} aria-hidden />
      </a>
    </>
  );
}

export function GapRow({ gap, index, names }: Common & { gap: Gap }) {
  const name = names.get(gap.camera_id) ?? gap.camera_id;
  const reason = sentence(gapText(gap));
  return (
    <tr className={css.gap} data-row aria-rowindex={index}>
      <th scope="row" data-cell="start">
        <Time at={gap.started_at} shape="clock" />
      </th>
      <td data-cell="camera" title={name}>
        {name}
      </td>
      <td data-cell="length" data-align="right">
        {gap.ended_at === null ? "goes on" : <Duration seconds={gap.missing_seconds} />}
      </td>
      <td colSpan={COLUMNS.length - 3} data-cell="reason" title={reason}>
        <Badge tone="bad">Gap</Badge> {reason}
      </td>
    </tr>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
