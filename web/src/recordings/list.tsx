/** What was asked for: loading, nothing, or the list with its totals. */

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { ListVideo } from "lucide-react";
import { useCallback, useMemo } from "react";
import { messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, formatBytes, formatSeconds, Spinner } from "../ui";
import { type Asked, MOST_RECORDINGS, recordingsQuery } from "./queries";
import { RecordingTable } from "./recording-table";
import css from "./recordings.module.css";
import { joined, type Recording, rowsOf, totalsOf } from "./rows";
import { useNews } from "./use-news";

export interface ListProps {
  asked: Asked;
  isToday: boolean;
  names: ReadonlyMap<string, string>;
}

export function List({ asked, isToday, names }: ListProps) {
  const query = { ...recordingsQuery(asked), placeholderData: keepPreviousData };
  const { data, error, refetch, ...pages } = useInfiniteQuery(query);
  const { hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage } = pages;
  useNews(asked, data !== undefined && !isPlaceholderData);
  const loaded = useMemo(() => joined(data?.pages ?? []), [data]);
  const rows = useMemo(() => rowsOf(loaded), [loaded]);
  const canLoad = hasNextPage && !isFetchingNextPage && !isPlaceholderData && error === null;
  const onEnd = useCallback(() => {
    if (canLoad) void fetchNextPage();
  }, [canLoad, fetchNextPage]);
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading recordings" isLabelShown />;
    return (
      <ErrorNote title="The recordings cannot be listed" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  return (
    <div className={css.results} aria-busy={isPlaceholderData}>
      <Totals recordings={loaded.recordings} hasMore={loaded.next !== null} />
      {loaded.note !== "" && (
        <ErrorNote tone="busy" title="Not all gaps are shown" text={loaded.note} />
      )}
      {rows.length === 0 ? (
        <Nothing isToday={isToday} />
      ) : (
        <RecordingTable rows={rows} names={names} hasMore={hasNextPage} onEnd={onEnd} />
      )}
      {isFetchingNextPage && <Spinner label="Loading older recordings" isLabelShown />}
      {error !== null && (
        <ErrorNote title="Older recordings cannot be listed" text={messageOf(error)}>
          <Button onPress={() => void fetchNextPage()}>Try again</Button>
        </ErrorNote>
      )}
      {loaded.recordings.length >= MOST_RECORDINGS && !hasNextPage && (
        <ErrorNote
          tone="plain"
          text="The list ends here; there may be more. Choose fewer days, or a single camera."
        />
      )}
    </div>
  );
}

function Totals({ recordings, hasMore }: { recordings: readonly Recording[]; hasMore: boolean }) {
  const { count, seconds, bytes } = useMemo(() => totalsOf(recordings), [recordings]);
  if (count === 0) return null;
  return (
    <p className={css.dim} role="status">
      {count.toLocaleString("en-GB")} {count === 1 ? "recording" : "recordings"}
      {hasMore ? " so far" : ""}, {formatSeconds(seconds)}, {formatBytes(bytes)}
    </p>
  );
}

function Nothing({ isToday }: { isToday: boolean }) {
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
