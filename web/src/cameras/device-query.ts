import { queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";

export type Device = Schemas["DeviceView"];

/** A device with what is known of it now. */
export const deviceQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ["devices", deviceId],
    queryFn: ({ signal }): Promise<Device> =>
      call(
        api.GET("/api/v1/devices/{device_id}", {
          params: { path: { device_id: deviceId } },
          signal,
        }),
      ),
  });
