/** What the list asks the server for. */

import { infiniteQueryOptions, queryOptions, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, call, type Schemas } from "../api/client";
import { onServerEvent } from "../api/events";

const PAGE = 200;
const MOST_GAPS = 1000;
const REFRESH_MS = 5_000;

export interface Asked {
  /** Ids; empty: all that one may see. */
  readonly camera: readonly string[];
  readonly from: string;
  readonly to: string;
}

type Page = Schemas["Page_RecordingView_"];

export const recordingsQuery = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: ["recordings", asked],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<Page> => {
      const query = { ...plain(asked), limit: PAGE, order: "desc" as const, cursor: pageParam };
      return call(api.GET("/api/v1/recordings", { signal, params: { query } }));
    },
    getNextPageParam: (page) => page.next_cursor,
  });

export const gapsQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["gaps", asked],
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/gaps", {
          signal,
          params: { query: { ...plain(asked), limit: MOST_GAPS } },
        }),
      ),
  });

/** Asks anew when something was recorded; several at once count as one. */
export function useFreshness(): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["recordings"] });
        void client.invalidateQueries({ queryKey: ["gaps"] });
      }, REFRESH_MS);
    };
    const ends = [onServerEvent("recording", soon), onServerEvent("gap", soon)];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [client]);
}

const plain = ({ camera, from, to }: Asked) => ({ camera: [...camera], from, to });
