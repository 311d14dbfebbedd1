/** Who signed in, watched, downloaded, changed or deleted what. */

import { getLocalTimeZone, today } from "@internationalized/date";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useSearchParams } from "react-router";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, SearchField, Select, Spinner, Table, Time } from "../ui";
import css from "./access.module.css";
import { ACTIONS, actionText, detailText } from "./audit-words";
import { useNames } from "./names";

type Entry = Schemas["AuditEntryView"];
type Entries = Schemas["Page_AuditEntryView_"];

const PAGE = 100;
const ANY = "any";
const SPANS = [
  { id: "1", label: "Today" },
  { id: "7", label: "7 days" },
  { id: "31", label: "31 days" },
  { id: "400", label: "All" },
];
const COLUMNS = [
  { id: "at", label: "When" },
  { id: "who", label: "Who" },
  { id: "what", label: "What" },
  { id: "camera", label: "Camera" },
  { id: "detail", label: "Detail" },
  { id: "address", label: "From" },
] as const;

interface Asked {
  from: string;
  action: string | null;
  actor: string | null;
  camera: string | null;
}

const auditQuery = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: ["audit", asked],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<Entries> => {
      const query = { ...asked, limit: PAGE, cursor: pageParam };
      return call(api.GET("/api/v1/audit", { signal, params: { query } }));
    },
    getNextPageParam: (page) => page.next_cursor,
  });

export function Audit() {
  const [query, setQuery] = useSearchParams();
  const names = useNames();
  const days = Number(query.get("days") ?? 7) || 7;
  const zone = getLocalTimeZone();
  const from = today(zone)
    .subtract({ days: days - 1 })
    .toDate(zone)
    .toISOString();
  const [action, actor, camera] = [query.get("action"), query.get("actor"), query.get("camera")];
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(query);
    if (value === "" || value === ANY) next.delete(name);
    else next.set(name, value);
    setQuery(next, { replace: true });
  };
  return (
    <div className={css.access}>
      <search className={css.filters} aria-label="Which entries">
        <Select
          label="Time"
          options={SPANS}
          value={String(days)}
          onChange={(span) => set("days", span)}
        />
        <Select
          label="Action"
          options={[{ id: ANY, label: "Any action" }, ...ACTIONS]}
          value={action ?? ANY}
          onChange={(id) => set("action", id)}
        />
        <Select
          label="Camera"
          options={[
            { id: ANY, label: "Any camera" },
            ...[...names.cameras].map(([id, label]) => ({ id, label })),
          ]}
          value={camera ?? ANY}
          onChange={(id) => set("camera", id)}
        />
        <SearchField
          label="Name of a user or key"
          defaultValue={actor ?? ""}
          onSubmit={(name) => set("actor", name.trim())}
          onClear={() => set("actor", "")}
        />
      </search>
      <EntryList asked={{ from, action, actor, camera }} cameras={names.cameras} />
    </div>
  );
}

function EntryList({ asked, cameras }: { asked: Asked; cameras: ReadonlyMap<string, string> }) {
  const pages = useInfiniteQuery(auditQuery(asked));
  if (pages.data === undefined) {
    if (pages.error === null) return <Spinner label="Loading the audit log" isLabelShown />;
    return (
      <ErrorNote title="The audit log cannot be read" text={messageOf(pages.error)}>
        <Button onPress={() => void pages.refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const entries = pages.data.pages.flatMap(({ items }) => items);
  if (entries.length === 0) {
    return (
      <EmptyState
        icon={ScrollText}
        title="No entries"
        text="Nothing of this kind was done in that time. Choose a longer time or fewer filters."
      />
    );
  }
  return (
    <>
      <Table label="Audit log" columns={COLUMNS}>
        {entries.map((entry) => (
          <EntryRow key={entry.entry_id} entry={entry} cameras={cameras} />
        ))}
      </Table>
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

function EntryRow({ entry, cameras }: { entry: Entry; cameras: ReadonlyMap<string, string> }) {
  const { camera_id } = entry;
  return (
    <tr>
      <th scope="row">
        <Time at={entry.at} shape="second" />
      </th>
      <td>
        {entry.actor || "nobody"}
        {entry.kind === "key" ? " (API key)" : ""}
      </td>
      <td title={entry.action}>{actionText(entry.action)}</td>
      <td>{camera_id === null ? "–" : (cameras.get(camera_id) ?? camera_id)}</td>
      <td>{detailText(entry.subject, entry.detail)}</td>
      <td>{entry.address}</td>
    </tr>
  );
}
