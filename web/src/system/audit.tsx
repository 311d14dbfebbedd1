/** Who signed in, watched, downloaded, changed or deleted what. */

import { getLocalTimeZone, today } from "@internationalized/date";
import { infiniteQueryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { useSearchParams } from "react-router";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, Select, Spinner, Table, Time } from "../ui";
import css from "./access.module.css";
import { ACTIONS, actionText, detailText, type NameOf } from "./audit-words";
import cards from "./cards.module.css";
import { useNames } from "./names";
import { keysQuery, usersQuery } from "./users-api";

type Entry = Schemas["AuditEntryView"];
type Entries = Schemas["Page_AuditEntryView_"];

const PAGE = 100;
const ANY = "any";
const SPANS = [
  { id: "1", label: "Today" },
  { id: "7", label: "7 days" },
  { id: "31", label: "31 days" },
  { id: "400", label: "400 days" },
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
  const [query] = useSearchParams();
  const names = useNames();
  const users = useQuery(usersQuery).data ?? [];
  const keys = useQuery(keysQuery).data ?? [];
  const zone = getLocalTimeZone();
  const asked = {
    from: today(zone)
      .subtract({ days: daysOf(query) - 1 })
      .toDate(zone)
      .toISOString(),
    action: query.get("action"),
    actor: query.get("actor"),
    camera: query.get("camera"),
  };
  const actors = [
    ...users.map(({ user_id, name }) => ({ id: user_id, label: name })),
    ...keys.map(({ prefix, name }) => ({ id: prefix, label: `${name} (API key)` })),
  ];
  const byId = new Map(actors.map(({ id, label }) => [id, label]));
  const nameOf = (id: string) => byId.get(id) ?? names.cameras.get(id) ?? names.groups.get(id);
  return (
    <div className={css.access}>
      <Filters cameras={names.cameras} actors={actors} />
      <EntryList asked={asked} nameOf={nameOf} />
    </div>
  );
}

const daysOf = (query: URLSearchParams): number => {
  const asked = query.get("days");
  return Number(SPANS.some(({ id }) => id === asked) ? asked : 7);
};

interface FiltersProps {
  cameras: ReadonlyMap<string, string>;
  actors: readonly { id: string; label: string }[];
}

function Filters({ cameras, actors }: FiltersProps) {
  const [query, setQuery] = useSearchParams();
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(query);
    if (value === ANY) next.delete(name);
    else next.set(name, value);
    setQuery(next, { replace: true });
  };
  const byCamera = [...cameras].map(([id, label]) => ({ id, label }));
  const choice = (name: string, label: string, any: string, options: FiltersProps["actors"]) => (
    <Select
      label={label}
      options={[{ id: ANY, label: any }, ...options]}
      value={query.get(name) ?? ANY}
      onChange={(id) => set(name, id)}
    />
  );
  return (
    <search className={css.filters} aria-label="Which entries">
      <Select
        label="Time"
        options={SPANS}
        value={String(daysOf(query))}
        onChange={(span) => set("days", span)}
      />
      {choice("actor", "Who", "Anybody", actors)}
      {choice("action", "What", "Any action", ACTIONS)}
      {choice("camera", "Camera", "Any camera", byCamera)}
    </search>
  );
}

function EntryList({ asked, nameOf }: { asked: Asked; nameOf: NameOf }) {
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
      <div className={cards.table}>
        <Table label="Audit log" columns={COLUMNS}>
          {entries.map((entry) => (
            <EntryRow key={entry.entry_id} entry={entry} nameOf={nameOf} />
          ))}
        </Table>
      </div>
      {pages.error !== null && <ErrorNote text={messageOf(pages.error)} />}
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

function EntryRow({ entry, nameOf }: { entry: Entry; nameOf: NameOf }) {
  const { camera_id } = entry;
  return (
    <tr>
      <th scope="row" className={css.when}>
        <Time at={entry.at} shape="second" />
      </th>
      <td data-label="Who">
        {entry.actor || "nobody"}
        {entry.kind === "key" ? " (API key)" : ""}
      </td>
      <td data-label="What" title={entry.action}>
        {actionText(entry.action)}
      </td>
      <Fact label="Camera" text={camera_id === null ? "" : (nameOf(camera_id) ?? camera_id)} />
      <Fact label="Detail" text={detailText(entry, nameOf)} />
      <Fact label="From" text={entry.address} />
    </tr>
  );
}

/** On a card, what is empty is left out. */
function Fact({ label, text }: { label: string; text: string }) {
  return (
    <td data-label={label} data-empty={text === "" || undefined}>
      {text || "–"}
    </td>
  );
}
