/** The playback page: recorded footage of one or several cameras on one clock. */

import { useQuery } from "@tanstack/react-query";
import { CirclePlay } from "lucide-react";
import { useState } from "react";
import { useLocation } from "react-router";
import { type Camera, useCameras } from "../api/cameras";
import { messageOf } from "../api/errors";
import { serverNow } from "../api/server-now";
import { Button, EmptyState, ErrorNote, LinkButton, Page, Spinner } from "../ui";
import { readAddress, type Shown } from "./address";
import { extentQuery } from "./data";
import { Stage } from "./stage";

export function Playback() {
  const { data: cameras, error, refetch } = useCameras();
  if (cameras !== undefined && cameras.length > 0) return <WithCameras cameras={cameras} />;
  return (
    <Page title="Playback">
      {error !== null && (
        <ErrorNote title="The cameras cannot be listed" text={messageOf(error)}>
          <Button onPress={() => void refetch()}>Try again</Button>
        </ErrorNote>
      )}
      {error === null && cameras === undefined && <Spinner label="Loading cameras" isLabelShown />}
      {cameras?.length === 0 && (
        <EmptyState
          icon={CirclePlay}
          title="No cameras yet"
          text="Footage can be played once a camera was added and has recorded for a minute."
        >
          <LinkButton href="/cameras" kind="primary">
            Go to cameras
          </LinkButton>
        </EmptyState>
      )}
    </Page>
  );
}

/** Finds out where to begin: what the address says, else the newest footage. */
function WithCameras({ cameras }: { cameras: readonly Camera[] }) {
  const { key, search } = useLocation();
  const asked = readAddress(search);
  const known = new Set(cameras.map(({ camera_id }) => camera_id));
  const visible = asked.cameras.filter((camera) => known.has(camera));
  const hidden = asked.cameras.filter((camera) => !known.has(camera));
  const [first] = cameras;
  const chosen = visible.length > 0 || first === undefined ? visible : [first.camera_id];
  const shown: Shown = { ...asked, cameras: chosen };
  return <Beginning key={key} all={cameras} shown={shown} hidden={hidden} />;
}

function Beginning(props: { all: readonly Camera[]; shown: Shown; hidden: readonly string[] }) {
  const [began] = useState(props.shown);
  const [nowMs] = useState(serverNow);
  const extent = useQuery({ ...extentQuery(began.cameras), enabled: began.atMs === null });
  if (began.atMs === null && extent.isPending) {
    return (
      <Page title="Playback">
        <Spinner label="Looking for footage" isLabelShown />
      </Page>
    );
  }
  const lastMs = extent.data?.endMs;
  const atMs = began.atMs ?? (lastMs === undefined ? nowMs : lastMs - LEAD_MS);
  return <Stage all={props.all} hidden={props.hidden} began={{ ...began, atMs }} />;
}

/** Without a moment in the address, so much of the newest footage is played. */
const LEAD_MS = 30_000;
