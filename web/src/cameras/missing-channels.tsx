import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "../api/client";
import { messageOf } from "../api/errors";
import { Button, toast } from "../ui";
import { DEFAULTS } from "./changes";
import { deviceQuery } from "./device-query";
import { refetch } from "./mutations";

/** Adds the channels of a device that are no cameras: new ones, and those that were deleted. */
export function AddMissingChannels({ deviceId, onAdded }: { deviceId: string; onAdded(): void }) {
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: async () => {
      const device = await client.fetchQuery({ ...deviceQuery(deviceId), staleTime: 0 });
      const taken = new Set(device.cameras.map(({ channel }) => channel));
      const missing = (device.state?.channels ?? []).filter(({ channel }) => !taken.has(channel));
      for (const { channel, name } of missing) {
        const body = {
          ...DEFAULTS,
          name: name || `${device.name} ${channel}`,
          device_id: deviceId,
          channel,
        };
        await call(api.POST("/api/v1/cameras", { body }));
      }
      return missing.length;
    },
    onSuccess: (count) => {
      toast(count === 0 ? "All its channels are cameras already." : addedText(count), "good");
      onAdded();
    },
    onError: (error) => toast(messageOf(error), "bad"),
    onSettled: () => refetch(client),
  });
  return (
    <Button isPending={add.isPending} onPress={() => add.mutate()}>
      Add missing channels
    </Button>
  );
}

const addedText = (count: number): string =>
  count === 1 ? "1 camera has been added." : `${count} cameras have been added.`;
