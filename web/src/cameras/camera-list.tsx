/** All cameras: how each is, and the ways to add and to group them. */

import { Cctv, Plus, Tags } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { useCameras, useStatuses } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useGroups } from "../api/groups";
import { useMayManage } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { Button, EmptyState, ErrorNote, Page, Spinner } from "../ui";
import { AddDialog } from "./add-dialog";
import { CameraTable } from "./camera-table";
import { filterRows, readFilter, rowsOf, writeFilter } from "./filter";
import { FilterBar } from "./filter-bar";
import { GroupsDialog } from "./groups-dialog";

type Open = "add" | "groups" | null;

export function CameraList() {
  const [open, setOpen] = useState<Open>(null);
  const mayManage = useMayManage();
  return (
    <Page
      title="Cameras"
      actions={
        mayManage && (
          <>
            <Button onPress={() => setOpen("groups")}>
              <Tags size={16} aria-hidden /> Groups
            </Button>
            <Button kind="primary" onPress={() => setOpen("add")}>
              <Plus size={16} aria-hidden /> Add cameras
            </Button>
          </>
        )
      }
    >
      <List onAdd={() => setOpen("add")} mayManage={mayManage} />
      {mayManage && (
        <>
          <AddDialog isOpen={open === "add"} onClose={() => setOpen(null)} />
          <GroupsDialog isOpen={open === "groups"} onClose={() => setOpen(null)} />
        </>
      )}
    </Page>
  );
}

function List({ onAdd, mayManage }: { onAdd(): void; mayManage: boolean }) {
  const cameras = useCameras();
  const statuses = useStatuses();
  const groups = useGroups();
  const [query, setQuery] = useSearchParams();
  const filter = readFilter(query);
  const searchRef = useRef<HTMLDivElement>(null);
  const rows = useMemo(
    () => rowsOf(cameras.data ?? [], statuses.data ?? [], groups.data ?? []),
    [cameras.data, statuses.data, groups.data],
  );
  useShortcuts("Cameras", [
    { keys: "/", label: "Search", run: () => searchRef.current?.querySelector("input")?.focus() },
    ...(mayManage ? [{ keys: "a", label: "Add cameras", run: onAdd }] : []),
  ]);
  if (cameras.isPending) return <Spinner label="Loading the cameras" isLabelShown />;
  if (cameras.isError) {
    return (
      <ErrorNote title="The cameras cannot be shown" text={messageOf(cameras.error)}>
        <Button onPress={() => void cameras.refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  if (rows.length === 0) return <NoCameras onAdd={onAdd} mayManage={mayManage} />;
  const shown = filterRows(rows, filter);
  return (
    <>
      <FilterBar
        ref={searchRef}
        filter={filter}
        groups={groups.data ?? []}
        count={shown.length}
        total={rows.length}
        onChange={(next) => setQuery(writeFilter(next), { replace: true })}
      />
      {shown.length === 0 ? (
        <EmptyState title="No camera is like that" text="Search for less, or for something else.">
          <Button onPress={() => setQuery({}, { replace: true })}>Show all cameras</Button>
        </EmptyState>
      ) : (
        <CameraTable rows={shown} groups={groups.data ?? []} />
      )}
    </>
  );
}

function NoCameras({ onAdd, mayManage }: { onAdd(): void; mayManage: boolean }) {
  if (!mayManage) {
    return (
      <EmptyState
        icon={Cctv}
        title="No cameras for you"
        text="There are none, or none that your account may see. Ask an administrator."
      />
    );
  }
  return (
    <EmptyState
      icon={Cctv}
      title="There are no cameras yet"
      text="Everframe can look for them in your network, and tells what each of them offers."
    >
      <Button kind="primary" onPress={onAdd}>
        Look for cameras
      </Button>
    </EmptyState>
  );
}
