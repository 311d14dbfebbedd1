/** Groups of cameras: one list for all pages. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, call, type Schemas } from "./client";

export type Group = Schemas["GroupView"];

export const groupsQuery = queryOptions({
  queryKey: ["groups"],
  queryFn: ({ signal }): Promise<Group[]> => call(api.GET("/api/v1/groups", { signal })),
});

export const useGroups = () => useQuery(groupsQuery);
