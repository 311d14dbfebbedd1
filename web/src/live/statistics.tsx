/** Figures over the picture, for whoever wants to know why it is not as it should be. */

import { useRef } from "react";
import type { Status } from "../api/cameras";
import type { LivePlayer, Rendition } from "../player";
import { formatBitrate } from "../ui";
import css from "./tile.module.css";
import { useNow } from "./use-now";

const EVERY_MS = 1_000;

interface Frames {
  count: number;
  at: number;
}

export function Statistics(props: {
  player: LivePlayer;
  rendition: Rendition;
  status: Status | undefined;
}) {
  const { player, rendition, status } = props;
  const now = useNow(EVERY_MS);
  const before = useRef<Frames>({ count: 0, at: 0 });
  const { stats, video } = player;
  const quality = video?.getVideoPlaybackQuality?.();
  const shown = quality?.totalVideoFrames ?? 0;
  const fps = frameRate(before.current, { count: shown, at: now });
  if (now - before.current.at >= EVERY_MS) before.current = { count: shown, at: now };
  const rows: [string, string][] = [
    ["Transport", player.transport === "websocket" ? "WebSocket" : "LL-HLS"],
    ["Stream", `${rendition} ${video?.videoWidth ?? 0}×${video?.videoHeight ?? 0}`],
    ["Frames", `${fps} per s, ${quality?.droppedVideoFrames ?? 0} dropped`],
    ["Behind live", `${player.secondsBehindLive()?.toFixed(2) ?? "–"} s`],
    ["Ahead", `${ahead(video).toFixed(2)} s at ${video?.playbackRate ?? 1}×`],
    ["First picture", stats.firstFrameMs === null ? "–" : `${stats.firstFrameMs} ms`],
    ["Stalls", `${stats.stalls}, ${stats.stalledSeconds.toFixed(1)} s`],
    ["Jumps", `${stats.jumps}`],
    ["Reconnects", `${stats.reconnects}`],
    ["Skipped parts", `${stats.skippedParts}`],
    ["Camera sends", status ? `${formatBitrate(status.bitrate_bps)} ${status.codec}` : "–"],
  ];
  return (
    <dl className={css.statistics}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function frameRate(before: Frames, now: Frames): string {
  const seconds = (now.at - before.at) / 1000;
  if (before.at === 0 || seconds <= 0 || now.count < before.count) return "–";
  return ((now.count - before.count) / seconds).toFixed(0);
}

function ahead(video: HTMLVideoElement | null): number {
  const last = (video?.buffered.length ?? 0) - 1;
  return video === null || last < 0 ? 0 : Math.max(0, video.buffered.end(last) - video.currentTime);
}
