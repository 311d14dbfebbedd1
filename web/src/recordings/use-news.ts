/** Adds to the list what was recorded, or went missing, since it was loaded. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useServerEvent } from "../app/connection";
import { type Asked, loadNews, recordingsQuery } from "./queries";
import { joined, newestOf, withNews } from "./rows";

const REFRESH_MS = 10_000;
/** Recordings of several cameras end at the same second. */
const GATHER_MS = 500;

/** Asks at events, and whenever the page is seen again; several events at once count as one. */
export function useNews(asked: Asked, isLoaded: boolean): void {
  const client = useQueryClient();
  const since = useRef<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const news = useQuery({
    queryKey: ["recordings-news", asked],
    enabled: isLoaded,
    queryFn: async ({ signal }) => {
      const { queryKey } = recordingsQuery(asked);
      const pages = client.getQueryData(queryKey)?.pages ?? [];
      const told = since.current;
      const from = earlier(told, newestOf(joined(pages).recordings) ?? asked.from);
      const found = await loadNews(asked, from, signal);
      if (since.current === told) since.current = null;
      client.setQueryData(queryKey, (old) => old && { ...old, pages: withNews(old.pages, found) });
      return Date.now();
    },
    initialData: Date.now, // the list itself was loaded just now, or says when
  });
  const { refetch, dataUpdatedAt } = news;
  const heard = (data: unknown) => {
    const startedAt = startIn(data, asked);
    if (!isLoaded || startedAt === null) return;
    since.current = earlier(since.current, startedAt);
    if (timer.current !== undefined) return;
    const waitMs = Math.max(GATHER_MS, dataUpdatedAt + REFRESH_MS - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      void refetch();
    }, waitMs);
  };
  useServerEvent("recording", heard);
  useServerEvent("gap", heard);
  useEffect(() => () => clearTimeout(timer.current), []);
}

const earlier = (one: string | null, other: string) => (one !== null && one < other ? one : other);

/** When that which an event tells of began; null: it does not belong to the list. */
function startIn(data: unknown, { camera, from, to }: Asked): string | null {
  if (typeof data !== "object" || data === null) return null;
  const { camera_id, started_at } = data as Record<string, unknown>;
  if (typeof camera_id !== "string" || typeof started_at !== "string") return null;
  const isListed = camera.length === 0 || camera.includes(camera_id);
  return isListed && started_at >= from && started_at < to ? started_at : null;
}
