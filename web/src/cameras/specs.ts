/** What a stream is, in one line: `H.265 2560×1440, 25 fps`. */

import type { Schemas } from "../api/client";
import { formatBitrate, formatSeconds } from "../ui";

type StreamInfo = Schemas["StreamInfo"];
type StreamReport = Schemas["StreamReport"];
type Failure = Schemas["Failure"];

const CODECS: [RegExp, string][] = [
  [/^(h264|avc)/i, "H.264"],
  [/^(h265|hevc|hvc1|hev1)/i, "H.265"],
  [/^mjpe?g/i, "MJPEG"],
  [/^mpeg4/i, "MPEG-4"],
];

/** `h265` as devices say it, `hvc1.1.6.L93.90` as recordings do: H.265. */
export const codecName = (codec: string): string =>
  CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;

/** What a recorder says of a camera's picture: "H.264 1920×1080". */
export const pictureText = (codec: string, resolution: string): string =>
  [codecName(codec), resolution.replace("x", "×")].filter(Boolean).join(" ");

/** What the device says of a stream; empty where it says nothing. */
export function streamSpecs(stream: StreamInfo): string {
  return line([
    picture(stream.codec, stream.width, stream.height),
    frames(stream.fps),
    stream.bitrate_bps ? formatBitrate(stream.bitrate_bps) : "",
  ]);
}

/** What was really sent. */
export function reportSpecs(report: StreamReport): string {
  return line([
    picture(report.video_codec, report.width, report.height),
    frames(report.fps),
    report.bitrate_bps ? formatBitrate(report.bitrate_bps) : "",
    report.gop_seconds ? `keyframe every ${formatSeconds(report.gop_seconds)}` : "",
    report.audio_codec ? `audio ${report.audio_codec.toUpperCase()}` : "no audio",
  ]);
}

/** Why something failed, then what to do about it. */
export function failureText(failure: Failure): string {
  const said = [failure.detail || REASONS[failure.reason], failure.advice].filter(Boolean);
  return said.map((text) => sentence(text ?? "")).join(" ");
}

const REASONS: Partial<Record<Failure["reason"], string>> = {
  unauthorized: "it needs a login, or rejected this one",
  timeout: "it did not answer in time",
  unreachable: "it cannot be reached",
  refused: "nothing listens on this port",
  not_found: "there is nothing at this path",
  no_video: "there is no video",
};

function picture(codec: string, width: number, height: number): string {
  const size = width > 0 && height > 0 ? `${width}×${height}` : "";
  return [codecName(codec), size].filter(Boolean).join(" ");
}

function frames(fps: number | null | undefined): string {
  return fps ? `${Number(fps.toFixed(1))} fps` : "";
}

const line = (parts: string[]): string => parts.filter(Boolean).join(", ");

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
