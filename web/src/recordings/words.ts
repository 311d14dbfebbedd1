/** Why recordings end and where they come from, in words. */

import { codecName } from "../player/codecs";

const ENDS: Readonly<Record<string, string>> = {
  rotation: "The next file began",
  parameters_changed: "The camera changed its picture",
  timestamp_jump: "The camera's timestamps jumped",
  clock_changed: "The server's clock was set",
  connection_lost: "The connection to the camera broke",
  stream_stalled: "The camera sent no more pictures",
  no_keyframe: "The camera sent no more keyframes",
  stopped: "Recording was switched off",
  config_changed: "The camera's settings were changed",
  handover: "Another recorder took over",
  shutdown: "The recorder was stopped",
  crash_recovered: "Recovered after a crash",
  write_error: "The disk failed or was too slow",
};

/** What needs nobody's attention. */
const ORDINARY_ENDS = new Set(["rotation", "stopped", "config_changed", "shutdown", "handover"]);

const SOURCES: Readonly<Record<string, string>> = {
  live: "Live",
  backfill: "Fetched to fill a gap",
  sync: "Fetched from the device",
  manual: "Fetched by hand",
};

export const endText = (reason: string): string => ENDS[reason] ?? plain(reason);

export const isOrdinaryEnd = (reason: string): boolean => ORDINARY_ENDS.has(reason);

export const sourceText = (source: string): string => SOURCES[source] ?? plain(source);

/** `H.264 1920×1080, 25 fps`. */
export function pictureText(picture: {
  video_codec: string;
  width: number;
  height: number;
  fps: number | null;
}): string {
  const { video_codec, width, height, fps } = picture;
  const rate = fps === null ? "" : `, ${Number(fps.toFixed(1))} fps`;
  return `${codecName(video_codec)} ${width}×${height}${rate}`;
}

function plain(word: string): string {
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
