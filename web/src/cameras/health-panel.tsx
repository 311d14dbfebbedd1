/** Whether the camera can be reached, now and in the last days. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Camera, Health } from "../api/cameras";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { ErrorNote, Panel, Select, Spinner, Time } from "../ui";
import css from "./camera-page.module.css";
import { Facts } from "./facts";
import { type Change, changesIn, reachedShare, stretches } from "./history";
import { describeHealth } from "./state";

const DAY_MS = 86_400_000;
const RANGES = [
  { id: "1", label: "Last 24 hours" },
  { id: "7", label: "Last 7 days" },
  { id: "30", label: "Last 30 days" },
];
const MOST_SHOWN = 100;

export function HealthPanel({ camera, health }: { camera: Camera; health: Health }) {
  const [days, setDays] = useState("1");
  return (
    <Panel title="Health">
      <Facts
        facts={[
          { label: "Now", value: describeHealth(health).label },
          { label: "Since", value: <Time at={health.since} shape="second" /> },
          { label: "Checked", value: <Time at={health.checked_at} shape="second" /> },
          {
            label: "Known from",
            value: health.proof && (health.proof === "recorder" ? "arriving frames" : "asking it"),
          },
          { label: "Answers within", value: health.rtt_ms && `${health.rtt_ms.toFixed(0)} ms` },
          { label: "Detail", value: health.detail || null },
        ]}
      />
      <Select label="History" options={RANGES} value={days} onChange={setDays} />
      <History cameraId={camera.camera_id} days={Number(days)} since={health.since ?? null} />
    </Panel>
  );
}

/** Since when the camera is what it is stands in the key: another moment means one change more. */
const historyQuery = (cameraId: string, days: number, since: string | null) =>
  queryOptions({
    queryKey: ["health-history", cameraId, days, since],
    queryFn: async ({ signal }): Promise<Loaded> => {
      const toMs = Date.now();
      const fromMs = toMs - days * DAY_MS;
      const query = { from: new Date(fromMs).toISOString(), kind: "health" as const };
      const params = { path: { camera_id: cameraId }, query };
      const path = "/api/v1/cameras/{camera_id}/health-history";
      return { fromMs, toMs, changes: await call(api.GET(path, { params, signal })) };
    },
  });

interface Loaded {
  fromMs: number;
  toMs: number;
  changes: Schemas["HealthChangeView"][];
}

function History({
  cameraId,
  days,
  since,
}: {
  cameraId: string;
  days: number;
  since: string | null;
}) {
  const history = useQuery({
    ...historyQuery(cameraId, days, since),
    placeholderData: keepPreviousData,
  });
  if (history.isPending) return <Spinner label="Loading the history" isLabelShown />;
  if (history.isError) return <ErrorNote text={messageOf(history.error)} />;
  const { fromMs, toMs, changes } = history.data;
  return (
    <>
      <Strip changes={changes} fromMs={fromMs} toMs={toMs} />
      <ChangeList changes={changesIn(changes, fromMs)} />
    </>
  );
}

function Strip({ changes, fromMs, toMs }: { changes: Change[]; fromMs: number; toMs: number }) {
  const parts = stretches(changes, fromMs, toMs);
  const share = reachedShare(parts);
  return (
    <figure>
      <div className={css.strip} role="img" aria-label={shareText(share)}>
        {parts.map((part) => (
          <span
            key={part.fromMs}
            data-tone={part.tone}
            title={part.label}
            style={{ width: `${part.share * 100}%` }}
          />
        ))}
      </div>
      <figcaption className={css.ends}>
        <Time at={new Date(fromMs).toISOString()} />
        <span>{shareText(share)}</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function ChangeList({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return <p className={css.note}>Nothing changed in this time.</p>;
  const newest = [...changes].reverse().slice(0, MOST_SHOWN);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <ol className={css.history} tabIndex={0} aria-label="Changes, newest first">
      {newest.map((change) => (
        <li key={change.at}>
          <Time at={change.at} shape="second" />
          <span>{describeHealth(healthOf(change)).label}</span>
          {change.detail !== "" && <span className={css.note}>{change.detail}</span>}
        </li>
      ))}
    </ol>
  );
}

const STATES: Health["state"][] = ["online", "offline", "unauthorized", "error", "unknown"];

const healthOf = ({ state }: Change): Pick<Health, "state" | "is_flapping"> => ({
  state: STATES.find((each) => each === state) ?? "unknown",
  is_flapping: false,
});

/** 100 % is said only where nothing is missing. */
function shareText(share: number | null): string {
  if (share === null) return "not known";
  const percent = share >= 1 ? "100" : Math.min(99.9, share * 100).toFixed(1);
  return `reachable ${percent} % of the known time`;
}
