/** Cameras, their state and groups: one list each for all pages, kept level by events. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "./client";

export type Camera = Schemas["CameraView"];
export type Status = Schemas["StatusView"];
export type Health = Camera["health"];

export const camerasQuery = queryOptions({
  queryKey: ["cameras"],
  queryFn: ({ signal }): Promise<Camera[]> => call(api.GET("/api/v1/cameras", { signal })),
});

export const statusesQuery = queryOptions({
  queryKey: ["statuses"],
  queryFn: ({ signal }): Promise<Status[]> => call(api.GET("/api/v1/status", { signal })),
});

export const useCameras = () => useQuery(camerasQuery);

export const useStatuses = () => useQuery(statusesQuery);

/** One camera's status out of the list; undefined while it is loaded, or where there is none. */
export function useStatus(cameraId: string): Status | undefined {
  const select = (all: Status[]) => all.find(({ camera_id }) => camera_id === cameraId);
  return useQuery({ ...statusesQuery, select }).data;
}
