/** Every recording of some cameras and days, with what is missing between them. */

import { getLocalTimeZone, today } from "@internationalized/date";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ListVideo } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { useCameras } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useMay } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import {
  Button,
  EmptyState,
  ErrorNote,
  formatBytes,
  formatSeconds,
  formatTime,
  LinkButton,
  Page,
  Spinner,
  Table,
} from "../ui";
import { ALL, type Filter, rangeOf, readFilter, splitWhose, writeFilter } from "./filter";
import { FilterBar, step } from "./filter-bar";
import { type Asked, gapsQuery, recordingsQuery, useFreshness } from "./queries";
import css from "./recordings.module.css";
import { COLUMNS, GapRow, RecordingRow } from "./row-views";
import { type Day, daysOf, rowsOf, totalsOf } from "./rows";

export function Recordings() {
  const zone = getLocalTimeZone();
  const [query, setQuery] = useSearchParams();
  const filter = readFilter(query);
  const day = filter.day ?? today(zone);
  const cameras = useCameras();
  const setFilter = (next: Filter) => setQuery(writeFilter(next), { replace: true });
  const show = (direction: 1 | -1) => {
    const next = step(filter, day, direction);
    if (next.compare(today(zone)) <= 0) setFilter({ ...filter, day: next });
  };
  useShortcuts("Recordings", [
    { keys: "ArrowLeft", label: "Earlier days", run: () => show(-1) },
    { keys: "ArrowRight", label: "Later days", run: () => show(1) },
    { keys: "t", label: "Today", run: () => setFilter({ ...filter, day: null }) },
  ]);
  useFreshness();
  const { from, to } = rangeOf(day, filter.days, zone);
  const choices = (cameras.data ?? []).map(({ camera_id, name }) => ({
    id: `camera:${camera_id}`,
    label: name,
  }));
  const [, id] = splitWhose(filter.whose);
  return (
    <Page title="Recordings">
      <FilterBar filter={filter} day={day} zone={zone} cameras={choices} onChange={setFilter} />
      <List
        asked={{
          camera: filter.whose === ALL ? [] : [id],
          from: from.toISOString(),
          to: to.toISOString(),
        }}
        hasGaps={filter.hasGaps}
        isToday={filter.day === null}
        names={new Map((cameras.data ?? []).map((each) => [each.camera_id, each.name]))}
      />
    </Page>
  );
}

interface ListProps {
  asked: Asked;
  hasGaps: boolean;
  isToday: boolean;
  names: ReadonlyMap<string, string>;
}

function List({ asked, hasGaps, isToday, names }: ListProps) {
  const pages = useInfiniteQuery(recordingsQuery(asked));
  const gaps = useQuery({ ...gapsQuery(asked), enabled: hasGaps });
  const recordings = useMemo(() => pages.data?.pages.flatMap(({ items }) => items), [pages.data]);
  if (recordings === undefined) {
    if (pages.error === null) return <Spinner label="Loading recordings" isLabelShown />;
    return (
      <ErrorNote title="The recordings cannot be listed" text={messageOf(pages.error)}>
        <Button onPress={() => void pages.refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const rows = rowsOf(recordings, hasGaps ? (gaps.data?.items ?? []) : [], pages.hasNextPage);
  if (rows.length === 0) return <Nothing isToday={isToday} hasCameras={names.size > 0} />;
  const days = daysOf(rows, (at) => formatTime(at, "day"));
  const { count, seconds, bytes } = totalsOf(recordings);
  return (
    <>
      <p className={css.totals} role="status">
        {count} {count === 1 ? "recording" : "recordings"}
        {pages.hasNextPage ? " so far" : ""}, {formatSeconds(seconds)}, {formatBytes(bytes)}
      </p>
      {gaps.error !== null && (
        <ErrorNote tone="busy" title="Gaps are not shown" text={messageOf(gaps.error)} />
      )}
      {days.map((day) => (
        <DayTable key={day.name} day={day} names={names} />
      ))}
      {pages.hasNextPage && (
        <Button
          className={css.more}
          isPending={pages.isFetchingNextPage}
          onPress={() => void pages.fetchNextPage()}
        >
          Show older ones
        </Button>
      )}
    </>
  );
}

function DayTable({ day, names }: { day: Day; names: ReadonlyMap<string, string> }) {
  return (
    <section className={css.list}>
      <h2>{day.name}</h2>
      <Table label={`Recordings of ${day.name}`} columns={COLUMNS}>
        {day.rows.map((row) =>
          row.kind === "recording" ? (
            <RecordingRow
              key={row.recording.id}
              recording={row.recording}
              name={names.get(row.recording.camera_id) ?? row.recording.camera_id}
            />
          ) : (
            <GapRow
              key={row.gap.gap_id}
              gap={row.gap}
              name={names.get(row.gap.camera_id) ?? row.gap.camera_id}
            />
          ),
        )}
      </Table>
    </section>
  );
}

function Nothing({ isToday, hasCameras }: { isToday: boolean; hasCameras: boolean }) {
  const mayAdd = useMay("cameras:write");
  if (!hasCameras) {
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
  return (
    <EmptyState
      icon={ListVideo}
      title={isToday ? "Nothing recorded yet" : "Nothing was recorded"}
      text={
        isToday
          ? "The file that is being recorded appears here as soon as it is complete."
          : "Choose other days, or another camera. The calendar on the Playback page marks the days that have footage."
      }
    />
  );
}
