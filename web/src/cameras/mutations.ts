/** What changes cameras, devices and groups; the lists of all pages follow at once. */

import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Camera, camerasQuery, statusesQuery } from "../api/cameras";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { groupsQuery } from "../api/groups";
import { toast } from "../ui";

const CAMERA = "/api/v1/cameras/{camera_id}";
const path = (camera_id: string) => ({ params: { path: { camera_id } } });

export function useSwitchRecording(camera: Camera) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (isOn: boolean) =>
      isOn
        ? call(api.POST(`${CAMERA}/recording/start`, path(camera.camera_id)))
        : call(api.POST(`${CAMERA}/recording/stop`, path(camera.camera_id))),
    onSuccess: (changed) => takeCamera(client, changed),
    onError: (error) => toast(`${camera.name}: ${messageOf(error)}`, "bad"),
  });
}

export function useChangeCamera(cameraId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CameraPatch"]) =>
      call(api.PATCH(CAMERA, { ...path(cameraId), body })),
    onSuccess: (changed) => takeCamera(client, changed),
  });
}

export function useDeleteCamera({ camera_id, device_id }: Camera) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ isWithDevice }: { isWithDevice: boolean }) => {
      if (isWithDevice && device_id !== null) {
        const params = { path: { device_id }, query: { with_cameras: true } };
        await call(api.DELETE("/api/v1/devices/{device_id}", { params }));
      } else {
        await call(api.DELETE(CAMERA, path(camera_id)));
      }
    },
    onSuccess: () => {
      client.setQueryData(camerasQuery.queryKey, (all) =>
        all?.filter((each) => each.camera_id !== camera_id),
      );
      refetch(client);
    },
  });
}

export function useAddCamera() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CameraCreate"]) => call(api.POST("/api/v1/cameras", { body })),
    onSuccess: () => refetch(client),
  });
}

/** Asks for everything anew that a new, changed or deleted camera or device is in. */
export function refetch(client: QueryClient): void {
  const keys = [camerasQuery.queryKey, statusesQuery.queryKey, groupsQuery.queryKey, ["devices"]];
  for (const queryKey of keys) void client.invalidateQueries({ queryKey });
}

function takeCamera(client: QueryClient, changed: Camera): void {
  client.setQueryData(camerasQuery.queryKey, (all) =>
    all?.map((each) => (each.camera_id === changed.camera_id ? changed : each)),
  );
  void client.invalidateQueries({ queryKey: statusesQuery.queryKey });
}
