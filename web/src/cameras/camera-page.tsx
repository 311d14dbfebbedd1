/** One camera: how it is, what it is set to, what its device says. */

import { ArrowLeft, CirclePlay, Trash2, Video } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Camera, useCameras, useStatus } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useMay, useMayManage } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { Button, EmptyState, ErrorNote, LinkButton, Page, Spinner } from "../ui";
import css from "./camera-page.module.css";
import { DeleteDialog } from "./delete-dialog";
import { DevicePanel } from "./device-panel";
import { HealthPanel } from "./health-panel";
import { livePath, playbackPath } from "./links";
import { useSwitchRecording } from "./mutations";
import { RecorderPanel } from "./recorder-panel";
import { RetryLogin } from "./retry-login";
import { SettingsPanel } from "./settings-panel";
import { describe } from "./state";
import { StateBadge } from "./state-badge";

export function CameraPage({ cameraId }: { cameraId: string }) {
  const cameras = useCameras();
  const camera = cameras.data?.find(({ camera_id }) => camera_id === cameraId);
  if (cameras.isPending) return <Spinner label="Loading the camera" isLabelShown />;
  if (camera !== undefined) return <Shown camera={camera} />;
  return (
    <Page title="Cameras">
      {cameras.isError ? (
        <ErrorNote title="The camera cannot be shown" text={messageOf(cameras.error)}>
          <Button onPress={() => void cameras.refetch()}>Try again</Button>
        </ErrorNote>
      ) : (
        <EmptyState
          title={`There is no camera “${cameraId}”`}
          text="It was deleted, or your account may not see it."
        >
          <LinkButton href="/cameras">Show all cameras</LinkButton>
        </EmptyState>
      )}
    </Page>
  );
}

function Shown({ camera }: { camera: Camera }) {
  const status = useStatus(camera.camera_id);
  const navigate = useNavigate();
  const described = describe(camera, status);
  const mayWrite = useMay("cameras:write");
  const mayManage = useMayManage();
  const mayOperate = useMay("cameras:operate");
  // whoever manages devices has the button in the device's panel
  const mayRetry = mayOperate && !mayManage && described.kind === "unauthorized";
  const retried = mayRetry ? camera.device_id : null;
  useShortcuts(camera.name, [
    { keys: "u", label: "Back to all cameras", run: () => void navigate("/cameras") },
  ]);
  return (
    <Page title={camera.name} actions={<Actions camera={camera} />} className={css.page ?? ""}>
      <p className={css.under}>
        <Link to="/cameras" className={css.back}>
          <ArrowLeft size={14} aria-hidden /> All cameras
        </Link>
        <StateBadge described={described} />
        <code>{camera.camera_id}</code>
      </p>
      {described.tone === "bad" && described.detail !== "" && (
        <ErrorNote title={described.label} text={described.detail}>
          {retried === null ? undefined : <RetryLogin deviceId={retried} />}
        </ErrorNote>
      )}
      {!camera.published && (
        <ErrorNote
          tone="busy"
          text="The last change has not reached the recorders yet: the bus is away. It will, by itself."
        />
      )}
      <div className={css.columns}>
        <div className={css.column}>
          <RecorderPanel camera={camera} status={status} />
          <HealthPanel camera={camera} health={status?.health ?? camera.health} />
          {mayManage && camera.device_id !== null && (
            <DevicePanel camera={camera} deviceId={camera.device_id} />
          )}
        </div>
        <SettingsPanel camera={camera} isReadOnly={!mayWrite} />
      </div>
    </Page>
  );
}

function Actions({ camera }: { camera: Camera }) {
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const recording = useSwitchRecording(camera);
  const mayWatch = useMay("live:watch");
  const mayPlay = useMay("footage:read");
  const mayOperate = useMay("cameras:operate");
  const mayWrite = useMay("cameras:write");
  return (
    <>
      {mayWatch && (
        <LinkButton href={livePath(camera.camera_id)}>
          <Video size={16} aria-hidden /> Live
        </LinkButton>
      )}
      {mayPlay && (
        <LinkButton href={playbackPath(camera.camera_id)}>
          <CirclePlay size={16} aria-hidden /> Playback
        </LinkButton>
      )}
      {mayOperate && (
        <Button
          isPending={recording.isPending}
          onPress={() => recording.mutate(!camera.record)}
          kind={camera.record ? "plain" : "primary"}
        >
          {camera.record ? "Stop recording" : "Start recording"}
        </Button>
      )}
      {mayWrite && (
        <Button kind="danger" onPress={() => setDeleting(true)}>
          <Trash2 size={16} aria-hidden /> Delete…
        </Button>
      )}
      <DeleteDialog
        camera={camera}
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        onDeleted={() => void navigate("/cameras")}
      />
    </>
  );
}
