/** Layouts that the signed-in user keeps on the server, and groups of cameras. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call } from "../api/client";
import type { Layout } from "./layout";
import type { SavedLayout } from "./wall-view";

export const layoutsQuery = queryOptions({
  queryKey: ["layouts"],
  queryFn: ({ signal }): Promise<SavedLayout[]> => call(api.GET("/api/v1/layouts", { signal })),
});

export const MOST_NAME = 60;

/** Why a layout cannot be called so: its name is a part of its address. */
export function nameProblem(name: string): string | null {
  if (name.includes("/")) return "A name has no slash in it.";
  return name === "." || name === ".." ? "A name is more than dots." : null;
}

export function useSaveLayout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, layout }: { name: string; layout: Layout }) =>
      call(api.PUT("/api/v1/layouts/{name}", { params: { path: { name } }, body: { layout } })),
    onSuccess: (saved) =>
      client.setQueryData(layoutsQuery.queryKey, (all) => [
        ...(all ?? []).filter(({ name }) => name !== saved.name),
        saved,
      ]),
  });
}

export function useDeleteLayout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      call(api.DELETE("/api/v1/layouts/{name}", { params: { path: { name } } })),
    onSuccess: (_nothing, name) =>
      client.setQueryData(layoutsQuery.queryKey, (all) =>
        all?.filter((each) => each.name !== name),
      ),
  });
}

export const useLayouts = () => useQuery(layoutsQuery);
