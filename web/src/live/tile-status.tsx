/** What a tile says over its picture: name, state, how far behind live, and why there is none. */

import {
  CircleDot,
  CircleHelp,
  CircleStop,
  KeyRound,
  LoaderCircle,
  type LucideIcon,
  TriangleAlert,
  Wifi,
  WifiOff,
} from "lucide-react";
import type { Camera, Status } from "../api/cameras";
import type { LivePlayer, PlayerState } from "../player";
import { Badge } from "../ui";
import css from "./tile.module.css";
import { useNow } from "./use-now";
import { describeBehind, describeCamera, describePicture, type Tone } from "./words";

const BEHIND_MS = 500;

const ICONS: Record<string, LucideIcon> = {
  Recording: CircleDot,
  Online: Wifi,
  Connecting: LoaderCircle,
  Unauthorized: KeyRound,
  Stopped: CircleStop,
  "No recorder": CircleHelp,
};
const TONE_ICONS: Record<Tone, LucideIcon> = {
  good: Wifi,
  busy: LoaderCircle,
  bad: TriangleAlert,
  off: CircleStop,
};

export function TileTop(props: { camera: Camera; status: Status | undefined }) {
  const { camera, status } = props;
  const { text, tone } = describeCamera(status, Date.now());
  const icon = text.startsWith("Offline") ? WifiOff : (ICONS[text] ?? TONE_ICONS[tone]);
  return (
    <div className={css.top}>
      <span className={css.name} title={camera.name}>
        {camera.name}
      </span>
      {status !== undefined && (
        <Badge tone={tone === "off" ? "plain" : tone} icon={icon} title={status.detail || text}>
          <span className={css.state}>{text}</span>
        </Badge>
      )}
    </div>
  );
}

/** Renews itself, so that the rest of the tile need not. */
export function Behind({ player }: { player: LivePlayer | null }) {
  useNow(BEHIND_MS, player !== null);
  const seconds = player?.secondsBehindLive() ?? null;
  if (seconds === null) return null;
  const { text, tone } = describeBehind(seconds);
  return (
    <span className={css.behind} data-tone={tone} title="Seconds behind live">
      <span className="visually-hidden">Behind live: </span>
      {text}
    </span>
  );
}

/** Over the picture while it does not run. */
export function PictureNote({ state }: { state: PlayerState }) {
  const now = useNow(BEHIND_MS, state.kind === "reconnecting");
  const words = describePicture(state, now);
  return (
    <div className={css.note} data-tone={words?.tone} hidden={words === null}>
      {/* the countdown would be read aloud at every step */}
      <strong aria-hidden={state.kind === "reconnecting"}>{words?.text}</strong>
      <span role="status">{words?.detail}</span>
    </div>
  );
}
