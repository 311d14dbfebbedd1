/** Groups of cameras, as a filter. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { send } from "../api/client";
import { errorOf } from "../api/errors";
import type { Group } from "./wall-view";

const groupsQuery = queryOptions({
  queryKey: ["groups"],
  queryFn: async ({ signal }): Promise<Group[]> => {
    const answer = await send(new Request(new URL("/api/v1/groups", location.href), { signal }));
    const body: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw errorOf(answer, body);
    return body as Group[];
  },
});

export const useGroups = () => useQuery(groupsQuery);
