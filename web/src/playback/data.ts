/** What the page asks the server for. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";
import { ApiError } from "../api/errors";
import type { FootageSource } from "./book";
import { Footage, type TimelineAnswer } from "./footage";
import type { Layer, Window } from "./layers";
import { isoOf } from "./paths";

export const TIMELINE_KEY = "timeline";
/** Past footage changes seldom, and events tell when it does. */
const STALE_MS = 60_000;
const MOST_RETRIES = 3;

export const footageSource: FootageSource = {
  timeline: (cameras, startMs, endMs, resolutionSeconds) =>
    askTimeline(cameras, { startMs, endMs, resolutionSeconds }),
  nextRecording: async (camera, afterMs) => {
    const page = await askRecordings({ camera: [camera], from: isoOf(afterMs), limit: 1 });
    const [first] = page.items;
    return first === undefined ? null : Math.max(afterMs, Date.parse(first.started_at));
  },
};

/** One window of the timeline, as a layer that can be drawn. */
export const layerQuery = (cameras: readonly string[], window: Window) =>
  queryOptions({
    queryKey: [TIMELINE_KEY, cameras, window],
    queryFn: async ({ signal }): Promise<Layer> => {
      const { startMs, endMs } = window;
      const answers = await askTimeline(cameras, window, signal);
      const footage = answers.map(
        (answer) => [answer.camera_id, Footage.of(answer, startMs, endMs)] as const,
      );
      return { startMs, endMs, footage: new Map(footage) };
    },
    enabled: cameras.length > 0,
    staleTime: STALE_MS,
    retry: isWorthRetrying,
    placeholderData: keepPreviousData,
  });

/** Who zooms and pages for long is told to wait a moment. */
function isWorthRetrying(failures: number, error: Error): boolean {
  const isPassing = error instanceof ApiError && (error.isPassing || error.status === 429);
  return isPassing && failures < MOST_RETRIES;
}

/** Days (`2026-11-21`) with the seconds recorded on them. */
export const calendarQuery = (cameras: readonly string[], from: string, to: string, zone: string) =>
  queryOptions({
    queryKey: ["calendar", cameras, from, to, zone],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, number>> => {
      const query = { camera: [...cameras], from, to, tz: zone };
      const days = await call(api.GET("/api/v1/calendar", { signal, params: { query } }));
      return new Map(days.map(({ day, recorded_seconds }) => [day, recorded_seconds]));
    },
    staleTime: STALE_MS,
    placeholderData: keepPreviousData,
  });

export interface Extent {
  readonly startMs: number;
  readonly endMs: number;
}

/** From the first to the last recorded moment of some cameras; null where there is none. */
export async function askExtent(cameras: readonly string[]): Promise<Extent | null> {
  const ask = (order: "asc" | "desc") => askRecordings({ camera: [...cameras], order, limit: 1 });
  const [first, last] = await Promise.all([ask("asc"), ask("desc")]);
  const [oldest] = first.items;
  const [newest] = last.items;
  if (oldest === undefined || newest === undefined) return null;
  return { startMs: Date.parse(oldest.started_at), endMs: Date.parse(newest.ended_at) };
}

export const extentQuery = (cameras: readonly string[]) =>
  queryOptions({
    queryKey: ["footage-extent", cameras],
    queryFn: () => askExtent(cameras),
    enabled: cameras.length > 0,
    staleTime: STALE_MS,
  });

async function askTimeline(
  cameras: readonly string[],
  { startMs, endMs, resolutionSeconds }: Window,
  signal?: AbortSignal,
): Promise<TimelineAnswer[]> {
  const query = {
    camera: [...cameras],
    from: isoOf(startMs),
    to: isoOf(endMs),
    resolution_seconds: resolutionSeconds,
  };
  const init = { params: { query }, ...(signal === undefined ? {} : { signal }) };
  return call(api.GET("/api/v1/timeline", init));
}

async function askRecordings(query: {
  camera: string[];
  from?: string;
  order?: "asc" | "desc";
  limit: number;
}): Promise<Schemas["Page_RecordingView_"]> {
  return call(api.GET("/api/v1/recordings", { params: { query } }));
}
