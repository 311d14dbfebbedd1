/** What can be done with a tile; shown for the one that is pointed at or selected. */

import { Camera, Fullscreen, History, Maximize2, Minimize2, Volume2, VolumeX } from "lucide-react";
import { IconButton } from "../ui";
import css from "./tile.module.css";

export interface TileActionsProps {
  hasSound: boolean;
  isLarge: boolean;
  mayPlayBack: boolean;
  onSound(): void;
  onSnapshot(): void;
  onHistory(): void;
  onEnlarge(): void;
  onFullscreen(): void;
}

const ICON = { size: 16, "aria-hidden": true } as const;

export function TileActions(props: TileActionsProps) {
  const { hasSound, isLarge } = props;
  return (
    <div className={css.actions}>
      <IconButton
        label={hasSound ? "Mute" : "Sound on"}
        shortcut="M"
        onPress={props.onSound}
        aria-pressed={hasSound}
      >
        {hasSound ? <Volume2 {...ICON} /> : <VolumeX {...ICON} />}
      </IconButton>
      <IconButton label="Save a snapshot" shortcut="S" onPress={props.onSnapshot}>
        <Camera {...ICON} />
      </IconButton>
      {props.mayPlayBack && (
        <IconButton label="History: 30 s back" shortcut="H" onPress={props.onHistory}>
          <History {...ICON} />
        </IconButton>
      )}
      <IconButton
        label={isLarge ? "Back to all tiles" : "Enlarge"}
        shortcut={isLarge ? "Esc" : "Enter"}
        onPress={props.onEnlarge}
      >
        {isLarge ? <Minimize2 {...ICON} /> : <Maximize2 {...ICON} />}
      </IconButton>
      <IconButton label="Full screen" shortcut="F" onPress={props.onFullscreen}>
        <Fullscreen {...ICON} />
      </IconButton>
    </div>
  );
}
