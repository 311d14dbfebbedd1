/** The device that the camera is a channel of: what it is, its clock, its login, its storage. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Camera } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useMay } from "../app/session";
import { Button, Bytes, ErrorNote, Panel, Spinner, Time } from "../ui";
import { clockWarning } from "./clock";
import { DeviceLoginDialog } from "./device-login-dialog";
import { type Device, deviceQuery } from "./device-query";
import { type Fact, Facts } from "./facts";
import { RetryLogin } from "./retry-login";
import { failureText, streamSpecs } from "./specs";

type State = NonNullable<Device["state"]>;

export function DevicePanel({ camera, deviceId }: { camera: Camera; deviceId: string }) {
  const device = useQuery(deviceQuery(deviceId));
  return (
    <Panel title="Device">
      {device.isPending && <Spinner label="Loading the device" isLabelShown />}
      {device.isError && <ErrorNote text={messageOf(device.error)} />}
      {device.isSuccess && <Shown camera={camera} device={device.data} />}
    </Panel>
  );
}

function Shown({ camera, device }: { camera: Camera; device: Device }) {
  const { state } = device;
  const warning = state?.clock ? clockWarning(state.clock.offset_seconds) : null;
  const mayOperate = useMay("cameras:operate");
  const [isLoginOpen, setLoginOpen] = useState(false);
  return (
    <>
      {state?.login.is_rejected && (
        <ErrorNote title="The device rejects its login" text={loginText(state.login)}>
          <Button onPress={() => setLoginOpen(true)}>Enter another login</Button>
          {mayOperate && <RetryLogin deviceId={device.device_id} />}
        </ErrorNote>
      )}
      {state?.failure && !state.login.is_rejected && (
        <ErrorNote title="The device could not be asked" text={failureText(state.failure)} />
      )}
      {warning !== null && (
        <ErrorNote tone="busy" title="The device's clock is wrong" text={warning} />
      )}
      <Facts facts={factsOf(camera, device)} />
      {!state?.login.is_rejected && (
        <div>
          <Button onPress={() => setLoginOpen(true)}>Change the device's login…</Button>
        </div>
      )}
      <DeviceLoginDialog
        deviceId={device.device_id}
        isOpen={isLoginOpen}
        onClose={() => setLoginOpen(false)}
      />
    </>
  );
}

function factsOf(camera: Camera, device: Device): Fact[] {
  const { state } = device;
  const identity = state?.identity;
  const model = [identity?.manufacturer, identity?.model].filter(Boolean).join(" ");
  const others = device.cameras.length - 1;
  return [
    { label: "Name", value: device.name },
    { label: "Model", value: model || null },
    { label: "Firmware", value: identity?.firmware || null },
    { label: "Serial number", value: identity?.serial || null },
    { label: "Address", value: `${device.host}:${device.port}, ${device.driver}` },
    { label: "Channel", value: camera.channel },
    { label: "Further cameras", value: others > 0 ? String(others) : null },
    ...streamFacts(camera, state),
    { label: "Clock", value: state?.clock ? offsetText(state.clock.offset_seconds) : null },
    { label: "Storage", value: storageOf(state) },
    { label: "Asked", value: <Time at={state?.checked_at} shape="second" /> },
  ];
}

function streamFacts(camera: Camera, state: State | null): Fact[] {
  const channel = state?.channels.find((each) => each.channel === camera.channel);
  return (channel?.streams ?? []).map((stream) => ({
    label: stream.stream === "main" ? "Main stream" : "Small stream",
    value: streamSpecs(stream) || null,
  }));
}

function storageOf(state: State | null) {
  const storage = state?.storage;
  if (!storage) return null;
  if (!storage.is_healthy) return storage.detail || "not healthy";
  if (storage.total_bytes === 0) return "size not told";
  return (
    <>
      <Bytes bytes={storage.free_bytes} /> of <Bytes bytes={storage.total_bytes} /> free
    </>
  );
}

function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 0.05) return "as the server's";
  return `${size.toFixed(1)} s ${seconds > 0 ? "ahead of" : "behind"} the server's`;
}

function loginText({ detail, advice }: State["login"]): string {
  return [detail, advice].filter(Boolean).join(". ") || "It is not tried again by itself.";
}
