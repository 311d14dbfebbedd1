/** How completely every camera was recorded, day by day: the promise made visible. */

import { getLocalTimeZone, today } from "@internationalized/date";
import { useQuery } from "@tanstack/react-query";
import { CalendarDays } from "lucide-react";
import { useSearchParams } from "react-router";
import { useCameras } from "../api/cameras";
import { api, call } from "../api/client";
import { messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, formatSeconds, Select, Spinner } from "../ui";
import css from "./coverage.module.css";
import { type CoverageDay, shareOf, sumOf } from "./coverage-figures";
import { CoverageMap } from "./coverage-map";

/** The server takes 93 times 24 hours, and a quarter may have an hour more. */
const SPANS = ["14", "31", "92"];
const REFRESH_MS = 60_000;

export function Coverage() {
  const [query, setQuery] = useSearchParams();
  const asked = query.get("days") ?? "";
  const days = Number(SPANS.includes(asked) ? asked : SPANS[0]);
  const zone = getLocalTimeZone();
  const last = today(zone);
  const from = last
    .subtract({ days: days - 1 })
    .toDate(zone)
    .toISOString();
  const to = last.add({ days: 1 }).toDate(zone).toISOString();
  const cameras = useCameras();
  const coverage = useQuery({
    queryKey: ["coverage", from, to, zone],
    queryFn: ({ signal }) =>
      call(api.GET("/api/v1/coverage", { signal, params: { query: { from, to, tz: zone } } })),
    refetchInterval: REFRESH_MS,
  });
  if (coverage.data === undefined) {
    if (coverage.error === null) return <Spinner label="Loading coverage" isLabelShown />;
    return (
      <ErrorNote title="Coverage cannot be shown" text={messageOf(coverage.error)}>
        <Button onPress={() => void coverage.refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  if (coverage.data.length === 0) {
    return (
      <EmptyState
        icon={CalendarDays}
        title="No camera yet"
        text="For every camera, this map shows how much of each day was recorded."
      />
    );
  }
  const names = new Map((cameras.data ?? []).map((each) => [each.camera_id, each.name]));
  return (
    <div className={css.coverage}>
      <div className={css.head}>
        <Verdict days={coverage.data.flatMap((view) => view.days)} />
        <Select
          label="Days"
          options={SPANS.map((span) => ({ id: span, label: `${span} days` }))}
          value={String(days)}
          onChange={(span) => setQuery({ days: span }, { replace: true })}
        />
      </div>
      <CoverageMap views={coverage.data} names={names} />
      <Legend />
    </div>
  );
}

/** Whether the promise was kept, in one sentence. */
function Verdict({ days }: { days: readonly CoverageDay[] }) {
  const sum = sumOf(days);
  const { wanted, explained, unexplained } = sum;
  if (wanted < 1) return <p>Recording was switched off for all cameras.</p>;
  const share = shareOf(sum);
  const missing = explained < 1 ? "" : `, ${formatSeconds(explained)} missing with a reason`;
  return unexplained > 0.5 ? (
    <ErrorNote
      title={`${formatSeconds(unexplained)} are missing without a reason`}
      text={`${share} % of the wanted time is recorded${missing}. Follow the marked days to see when.`}
    />
  ) : (
    <p>
      <strong>Every second is recorded or explained:</strong> {share} % recorded{missing}.
    </p>
  );
}

const LEGEND = [
  ["whole", "100", "complete"],
  ["most", "97", "95 % or more"],
  ["half", "70", "50 % or more"],
  ["little", "20", "less"],
  ["unexplained", "! 99", "something is missing without a reason"],
  ["nothing", "–", "recording switched off"],
] as const;

function Legend() {
  return (
    <ul className={css.legend} aria-label="What the cells mean">
      {LEGEND.map(([level, sample, text]) => (
        <li key={level}>
          <span className={css.cell} data-level={level} aria-hidden>
            {sample}
          </span>
          {text}
        </li>
      ))}
    </ul>
  );
}
