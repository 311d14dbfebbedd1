/** Rows of the list: a recording, or a gap between recordings. */

import { CirclePlay, Download } from "lucide-react";
import { Badge, Bytes, Duration, LinkButton, Time } from "../ui";
import { gapText } from "../words";
import css from "./recordings.module.css";
import type { Gap, Recording } from "./rows";
import { endText, isOrdinaryEnd, pictureText, sourceText } from "./words";

/** Also the number of a row's cells. */
export const COLUMNS = [
  { id: "start", label: "Start" },
  { id: "camera", label: "Camera" },
  { id: "length", label: "Length" },
  { id: "size", label: "Size" },
  { id: "picture", label: "Picture" },
  { id: "source", label: "Source" },
  { id: "end", label: "Why it ended" },
  { id: "actions", label: "Actions" },
] as const;

const playbackPath = (camera: string, at: string) =>
  `/playback?camera=${encodeURIComponent(camera)}&at=${at}`;

export function RecordingRow({ recording, name }: { recording: Recording; name: string }) {
  const { camera_id, started_at, end_reason } = recording;
  const start = `${name}, ${new Date(started_at).toLocaleString("en-GB")}`;
  return (
    <tr>
      <th scope="row" data-cell="start">
        <Time at={started_at} shape="clock" />
      </th>
      <td data-cell="camera">{name}</td>
      <td data-cell="length">
        <Duration seconds={recording.duration_seconds} />
      </td>
      <td data-cell="size">
        <Bytes bytes={recording.bytes} />
      </td>
      <td data-cell="picture">
        {pictureText(recording.video_codec, recording.width, recording.height, recording.fps)}
      </td>
      <td data-cell="source">{sourceText(recording.source)}</td>
      <td data-cell="end" title={end_reason}>
        {isOrdinaryEnd(end_reason) ? (
          <span className={css.dim}>{endText(end_reason)}</span>
        ) : (
          <Badge tone="busy">{endText(end_reason)}</Badge>
        )}
      </td>
      <td data-cell="actions">
        <LinkButton
          kind="quiet"
          href={playbackPath(camera_id, started_at)}
          aria-label={`Play ${start}`}
        >
          <CirclePlay size={18} aria-hidden /> Play
        </LinkButton>
        <LinkButton
          kind="quiet"
          href={recording.download_path}
          download
          aria-label={`Download ${start}`}
        >
          <Download size={18} aria-hidden />
        </LinkButton>
      </td>
    </tr>
  );
}

export function GapRow({ gap, name }: { gap: Gap; name: string }) {
  return (
    <tr className={css.gap}>
      <th scope="row" data-cell="start">
        <Time at={gap.started_at} shape="clock" />
      </th>
      <td data-cell="camera">{name}</td>
      <td data-cell="length">
        {gap.ended_at === null ? "still missing" : <Duration seconds={gap.missing_seconds} />}
      </td>
      <td colSpan={COLUMNS.length - 3} data-cell="reason">
        <Badge tone="bad" title={gap.reason}>
          Gap
        </Badge>{" "}
        {sentence(gapText(gap))}
      </td>
    </tr>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
