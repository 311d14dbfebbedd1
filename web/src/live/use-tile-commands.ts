/** Which tile is selected, enlarged and heard, and what tiles ask of the page. */

import { useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { messageOf } from "../api/errors";
import { serverNow } from "../api/server-now";
import { toast } from "../ui";
import { downloadSnapshot, historyAddress } from "./footage";
import type { Layout } from "./layout";
import type { TileCommands, TileKeys } from "./tile";

export interface Tiles {
  selected: string | null;
  large: string | null;
  soundOf: string | null;
  commands: TileCommands;
  /** Null: all tiles again. */
  enlarge(camera: string | null): void;
  /** What keys may do with a tile that is shown. */
  keys(camera: string): TileKeys | undefined;
}

export function useTileCommands(
  layout: Layout,
  mayPlayBack: boolean,
  onBlocked: () => void,
): Tiles {
  const navigate = useNavigate();
  const [selected, select] = useState<string | null>(null);
  const [large, enlarge] = useState<string | null>(null);
  const [soundOf, setSoundOf] = useState<string | null>(null);
  const keys = useRef(new Map<string, TileKeys>());
  const commands = useMemo<TileCommands>(
    () => ({
      select,
      enlarge: (camera) => enlarge((now) => (now === camera ? null : camera)),
      sound: (camera, isOn) => setSoundOf((now) => (isOn ? camera : now === camera ? null : now)),
      snapshot: (camera) => void saveSnapshot(camera),
      history: (camera, behind) => {
        if (mayPlayBack) void navigate(historyAddress(camera, behind, serverNow()));
      },
      blocked: onBlocked,
      register: (camera, given) => {
        if (given === null) keys.current.delete(camera);
        else keys.current.set(camera, given);
      },
    }),
    [navigate, mayPlayBack, onBlocked],
  );
  const shown = (camera: string | null) =>
    layout.tiles.some(({ camera_id }) => camera_id === camera) ? camera : null;
  return {
    selected: shown(selected),
    large: shown(large),
    soundOf: shown(soundOf),
    commands,
    enlarge,
    keys: (camera) => keys.current.get(camera),
  };
}

async function saveSnapshot(camera: string): Promise<void> {
  try {
    await downloadSnapshot(camera);
  } catch (error) {
    toast(messageOf(error), "bad");
  }
}
