/** The Live page: loads what it needs, then shows the wall. */

import { useQueryClient } from "@tanstack/react-query";
import { Cctv } from "lucide-react";
import { camerasQuery, useCameras, useStatuses } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useGroups } from "../api/groups";
import { useMayManage } from "../app/session";
import { Button, EmptyState, ErrorNote, LinkButton, Page, Spinner, usePageTitle } from "../ui";
import { useLayouts } from "./layouts-api";
import css from "./live.module.css";
import { LiveWall } from "./live-wall";

const NONE: never[] = [];

export function Live() {
  usePageTitle("Live");
  const client = useQueryClient();
  const cameras = useCameras();
  const statuses = useStatuses();
  const groups = useGroups();
  const layouts = useLayouts();
  // without groups and layouts there is still something to watch
  if (cameras.isPending || groups.isPending || layouts.isPending) {
    return <Spinner label="Loading" className={css.loading} />;
  }
  if (cameras.data === undefined) {
    return (
      <Page title="Live">
        <ErrorNote title="The cameras could not be loaded" text={messageOf(cameras.error)}>
          <Button onPress={() => void client.invalidateQueries(camerasQuery)}>Try again</Button>
        </ErrorNote>
      </Page>
    );
  }
  if (cameras.data.length === 0) return <NoCameras />;
  return (
    <LiveWall
      cameras={cameras.data}
      statuses={statuses.data ?? NONE}
      groups={groups.data ?? NONE}
      layouts={layouts.data ?? NONE}
    />
  );
}

function NoCameras() {
  const mayAdd = useMayManage();
  return (
    <Page title="Live">
      {mayAdd ? (
        <EmptyState
          icon={Cctv}
          title="No cameras yet"
          text="Scan the network for cameras, or add one by its address."
        >
          <LinkButton kind="primary" href="/cameras">
            Add cameras
          </LinkButton>
        </EmptyState>
      ) : (
        <EmptyState
          icon={Cctv}
          title="No cameras to show"
          text="There are none yet, or you were not given any. Ask an administrator."
        />
      )}
    </Page>
  );
}
