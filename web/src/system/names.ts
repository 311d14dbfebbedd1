/** Names of cameras and groups by id. */

import { useMemo } from "react";
import { useCameras } from "../api/cameras";
import { useGroups } from "../api/groups";

export interface Names {
  readonly cameras: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, string>;
}

export function useNames(): Names {
  const cameras = useCameras().data;
  const groups = useGroups().data;
  return useMemo(
    () => ({
      cameras: new Map((cameras ?? []).map(({ camera_id, name }) => [camera_id, name])),
      groups: new Map((groups ?? []).map(({ group_id, name }) => [group_id, name])),
    }),
    [cameras, groups],
  );
}
