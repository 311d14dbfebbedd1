/** What changes groups. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";
import { groupsQuery } from "../api/groups";

const GROUP = "/api/v1/groups/{group_id}";
const path = (group_id: string) => ({ params: { path: { group_id } } });

export function useAddGroup() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (body: Schemas["GroupCreate"]) => call(api.POST("/api/v1/groups", { body })),
    onSuccess: refresh,
  });
}

export function useChangeGroup() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ group_id, body }: { group_id: string; body: Schemas["GroupPatch"] }) =>
      call(api.PATCH(GROUP, { ...path(group_id), body })),
    onSuccess: refresh,
  });
}

export function useDeleteGroup() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (group_id: string) => call(api.DELETE(GROUP, path(group_id))),
    onSuccess: refresh,
  });
}

/** The change counts as done when the list has it. */
function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: groupsQuery.queryKey });
}
