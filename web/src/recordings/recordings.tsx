/** Every recording of some cameras and days, with what is missing between them. */

import { getLocalTimeZone } from "@internationalized/date";
import { ListVideo } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useCameras } from "../api/cameras";
import { useGroups } from "../api/groups";
import { useMay } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { Button, EmptyState, LinkButton, Page } from "../ui";
import { ALL, camerasOf, choicesOf, type Filter, rangeOf, readFilter, writeFilter } from "./filter";
import { FilterBar, step } from "./filter-bar";
import { List } from "./list";
import { useToday } from "./use-today";

export function Recordings() {
  const zone = getLocalTimeZone();
  const today = useToday(zone);
  const [query, setQuery] = useSearchParams();
  const filter = readFilter(query);
  const day = filter.day ?? today;
  const cameras = useCameras().data;
  const groups = useGroups().data;
  const names = useMemo(
    () => new Map((cameras ?? []).map(({ camera_id, name }) => [camera_id, name])),
    [cameras],
  );
  const setFilter = (next: Filter) => setQuery(writeFilter(next), { replace: true });
  const show = (direction: 1 | -1) => {
    const next = step(filter, day, direction);
    if (next.compare(today) > 0) return;
    setFilter({ ...filter, day: next.compare(today) === 0 ? null : next });
  };
  useShortcuts("Recordings", [
    { keys: "ArrowLeft", label: "Earlier days", run: () => show(-1) },
    { keys: "ArrowRight", label: "Later days", run: () => show(1) },
    { keys: "t", label: "Today", run: () => setFilter({ ...filter, day: null }) },
  ]);
  const { from, to } = rangeOf(day, filter.days, zone);
  const camera = camerasOf(filter.whose, groups ?? []);
  const bar = {
    filter,
    day,
    today,
    choices: choicesOf(cameras ?? [], groups ?? []),
    onChange: setFilter,
  };
  if (cameras?.length === 0 && filter.whose === ALL) {
    return (
      <Page title="Recordings">
        <NoCamera />
      </Page>
    );
  }
  return (
    <Page title="Recordings">
      <FilterBar {...bar} />
      {camera !== null ? (
        <List
          asked={{
            camera,
            from: from.toISOString(),
            to: to.toISOString(),
            hasGaps: filter.hasGaps,
          }}
          isToday={filter.day === null}
          names={names}
        />
      ) : (
        groups !== undefined && <NoGroup onAll={() => setFilter({ ...filter, whose: ALL })} />
      )}
    </Page>
  );
}

function NoCamera() {
  const mayAdd = useMay("cameras:write");
  return (
    <EmptyState
      icon={ListVideo}
      title="No camera yet"
      text={
        mayAdd
          ? "Add a camera; its recordings appear here."
          : "Ask an administrator to add a camera, or to let you see one."
      }
    >
      {mayAdd && (
        <LinkButton kind="primary" href="/cameras">
          Add cameras
        </LinkButton>
      )}
    </EmptyState>
  );
}

function NoGroup({ onAll }: { onAll(): void }) {
  return (
    <EmptyState
      icon={ListVideo}
      title="No cameras in this group"
      text="The group is empty or gone, or you may not see its cameras."
    >
      <Button onPress={onAll}>Show all cameras</Button>
    </EmptyState>
  );
}
