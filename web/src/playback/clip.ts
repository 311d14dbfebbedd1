/** Downloading a stretch: which files it makes, how large they are, what is missing. */

import { queryOptions } from "@tanstack/react-query";
import { send } from "../api/client";
import { errorOf } from "../api/errors";
import { isoOf } from "./paths";

export interface ClipFile {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly path: string;
  readonly file_name: string;
}

export interface ClipPlan {
  readonly files: readonly ClipFile[];
  readonly missing_seconds: number;
}

export const clipQuery = (camera: string, startMs: number, endMs: number) =>
  queryOptions({
    queryKey: ["clip", camera, startMs, endMs],
    queryFn: async ({ signal }): Promise<ClipPlan> => {
      const query = new URLSearchParams({ from: isoOf(startMs), to: isoOf(endMs) });
      const path = `/api/v1/cameras/${encodeURIComponent(camera)}/clip?${query}`;
      const answer = await send(new Request(new URL(path, location.origin), { signal }));
      const body: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw errorOf(answer, body);
      return body as ClipPlan;
    },
    staleTime: 10_000,
  });
