/** What the list asks the server for. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, call } from "../api/client";
import { messageOf } from "../api/errors";
import type { Gap, Loaded, Recording } from "./rows";

const PAGE = 500;
const MOST_GAPS = 1000;
/** A list that nobody reads to its end; also bounds what the page keeps in memory. */
export const MOST_RECORDINGS = 20_000;
/** How much may be new at once; whoever was away longer than that loads the page again. */
const MOST_NEWS_PAGES = 4;
const TOO_MANY_GAPS =
  "There are too many gaps to show them all. Choose fewer days, or a single camera.";

export interface Asked {
  /** Ids; empty: all that one may see. */
  readonly camera: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly hasGaps: boolean;
}

interface Place {
  readonly cursor: string;
  /** Start of the last recording before it. */
  readonly before: string;
}

type Signal = AbortSignal;

/**
 * Newest first, and what was loaded is not asked for again: `useNews` adds what comes. The list
 * grows long, and to load all of it anew with each recording would go beyond the limit of requests.
 */
export const recordingsQuery = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: ["recordings", asked],
    initialPageParam: null as Place | null,
    queryFn: ({ pageParam, signal }) => loadPage(asked, pageParam, signal),
    getNextPageParam: (page, pages): Place | null => {
      const last = page.recordings.at(-1);
      const count = pages.reduce((sum, { recordings }) => sum + recordings.length, 0);
      if (page.next === null || last === undefined || count >= MOST_RECORDINGS) return null;
      return { cursor: page.next, before: last.started_at };
    },
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });

/** The next older recordings, and the gaps among them. */
async function loadPage(asked: Asked, place: Place | null, signal: Signal): Promise<Loaded> {
  const page = await askRecordings(asked, place?.cursor ?? null, signal);
  const last = page.items.at(-1);
  const from = page.next_cursor === null || last === undefined ? asked.from : last.started_at;
  const gaps = await loadGaps({ ...asked, from, to: place?.before ?? asked.to }, signal);
  return { recordings: page.items, ...gaps, next: page.next_cursor };
}

/** What begins at a moment or later. */
export async function loadNews(asked: Asked, since: string, signal: Signal): Promise<Loaded> {
  const span = { ...asked, from: since > asked.from ? since : asked.from };
  const recordings: Recording[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_NEWS_PAGES; pages++) {
    const page = await askRecordings(span, cursor, signal);
    recordings.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  return { recordings, ...(await loadGaps(span, signal)), next: cursor };
}

const askRecordings = ({ camera, from, to }: Asked, cursor: string | null, signal: Signal) => {
  const query = { camera: [...camera], from, to, limit: PAGE, order: "desc" as const, cursor };
  return call(api.GET("/api/v1/recordings", { signal, params: { query } }));
};

/** Recordings are worth showing without their gaps. */
async function loadGaps(asked: Asked, signal: Signal): Promise<{ gaps: Gap[]; note: string }> {
  const { camera, from, to, hasGaps } = asked;
  if (!hasGaps || from >= to) return { gaps: [], note: "" };
  const query = { camera: [...camera], from, to, limit: MOST_GAPS };
  try {
    const page = await call(api.GET("/api/v1/gaps", { signal, params: { query } }));
    return { gaps: page.items, note: page.next_cursor === null ? "" : TOO_MANY_GAPS };
  } catch (error) {
    if (signal.aborted) throw error;
    return { gaps: [], note: messageOf(error) };
  }
}
