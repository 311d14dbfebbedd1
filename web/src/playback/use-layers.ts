/** Gives the timeline its layers: the whole archive coarsely, and what is seen finely. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { onServerEvent } from "../api/events";
import { serverNow } from "../api/server-now";
import { layerQuery, TIMELINE_KEY } from "./data";
import { type Layer, windowFor } from "./layers";
import type { PlaybackSession } from "./session";
import type { TimelineModel } from "./timeline-model";
import type { View } from "./view";

const SETTLED_MS = 150;
const REFRESH_MS = 4_000;
const DAY_MS = 86_400_000;
const ALL_MS = 400 * DAY_MS;

export interface Layers {
  /** From coarse to fine. */
  readonly layers: readonly Layer[];
  /** The view that they are for, once it stands still. */
  readonly view: View;
  readonly error: Error | null;
}

export function useLayers(model: TimelineModel, cameras: readonly string[]): Layers {
  const view = useSettledView(model);
  const endMs = useState(() => Math.ceil(serverNow() / DAY_MS + 1) * DAY_MS)[0];
  const all = { startMs: endMs - ALL_MS, endMs, resolutionSeconds: ALL_MS / 1000 / 2000 };
  const overview = useQuery(layerQuery(cameras, all));
  const fine = useQuery(layerQuery(cameras, windowFor(view)));
  const layers = [overview.data, fine.data].filter((layer) => layer !== undefined);
  const [coarse, close] = [overview.data, fine.data];
  useEffect(() => {
    model.setLayers([coarse, close].filter((layer) => layer !== undefined));
  }, [model, coarse, close]);
  return { layers, view, error: fine.error ?? overview.error };
}

/** What is recorded or missed anew is asked for, at most every few seconds. */
export function useFreshness(session: PlaybackSession, cameras: readonly string[]): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      void client.invalidateQueries({ queryKey: [TIMELINE_KEY] });
    };
    const onChange = (data: unknown) => {
      const camera = cameraOf(data);
      if (camera === null || !cameras.includes(camera)) return;
      session.changed(camera);
      timer ??= setTimeout(refresh, REFRESH_MS);
    };
    const ends = [onServerEvent("recording", onChange), onServerEvent("gap", onChange)];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [client, session, cameras]);
}

/** The view once it has stood still: rendering with every frame of a drag would make it jerk. */
export function useSettledView(model: TimelineModel): View {
  const [settled, setSettled] = useState(model.view);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = model.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(() => setSettled(model.view), SETTLED_MS);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [model]);
  return settled;
}

function cameraOf(data: unknown): string | null {
  if (typeof data !== "object" || data === null || !("camera_id" in data)) return null;
  return typeof data.camera_id === "string" ? data.camera_id : null;
}
