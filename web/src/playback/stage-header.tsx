/** The heading: which cameras, which day, and links to here and to live. */

import { Copy, Radio } from "lucide-react";
import type { Camera } from "../api/cameras";
import { Button, IconButton } from "../ui";
import { CameraChoice } from "./camera-choice";
import { copyLink } from "./copy-link";
import { DayPicker } from "./day-picker";
import css from "./playback.module.css";
import type { PlaybackSession } from "./session";
import type { Navigation } from "./use-navigation";
import type { Zone } from "./zone";

export interface StageHeaderProps {
  session: PlaybackSession;
  navigation: Navigation;
  zone: Zone;
  atMs: number;
  all: readonly Camera[];
  cameras: readonly string[];
  onCameras(cameras: readonly string[]): void;
}

export function StageHeader(props: StageHeaderProps) {
  const { session, navigation, zone, atMs, all, cameras, onCameras } = props;
  return (
    <header className={css.head}>
      <h1>Playback</h1>
      <CameraChoice all={all} chosen={cameras} onChange={onCameras} />
      <DayPicker cameras={cameras} zone={zone} atMs={atMs} onPick={navigation.goToDay} />
      <div className={css.headButtons}>
        <Button onPress={() => void copyLink(session, cameras)}>
          <Copy size={18} aria-hidden />
          Copy link
        </Button>
        <IconButton label="Live" shortcut="l" onPress={navigation.goLive}>
          <Radio size={20} aria-hidden />
        </IconButton>
      </div>
    </header>
  );
}
