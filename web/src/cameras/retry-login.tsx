import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "../api/client";
import { messageOf } from "../api/errors";
import { Button, toast } from "../ui";
import { deviceQuery } from "./device-query";

/** Has a device's rejected login tried once more. */
export function RetryLogin({ deviceId }: { deviceId: string }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () =>
      call(
        api.POST("/api/v1/devices/{device_id}/retry-login", {
          params: { path: { device_id: deviceId } },
        }),
      ),
    onSuccess: () => {
      toast("The login is tried once more.");
      void client.invalidateQueries({ queryKey: deviceQuery(deviceId).queryKey });
    },
    onError: (error) => toast(messageOf(error), "bad"),
  });
  return (
    <Button isPending={retry.isPending} onPress={() => retry.mutate()}>
      Try this login again
    </Button>
  );
}
