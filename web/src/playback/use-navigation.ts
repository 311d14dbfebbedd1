/** Where the page can be sent: a day, all footage, its ends, live. */

import { useMemo } from "react";
import { useNavigate } from "react-router";
import { messageOf } from "../api/errors";
import { toast } from "../ui";
import { askExtent, type Extent } from "./data";
import type { PlaybackSession } from "./session";
import type { TimelineModel } from "./timeline-model";
import { fitView, reveal } from "./view";

const LAST_LEAD_MS = 10_000;

export interface Navigation {
  /** Shows a day and plays its first footage. */
  goToDay(day: Extent): void;
  /** Shows everything that was recorded. */
  fit(): void;
  goToLast(): void;
  goLive(): void;
  goToEdge(edge: "start" | "end"): void;
  /** Plays a moment and shows it on the timeline. */
  goTo(ms: number): void;
}

export function useNavigation(
  session: PlaybackSession,
  model: TimelineModel,
  cameras: readonly string[],
): Navigation {
  const navigate = useNavigate();
  return useMemo(() => {
    const goTo = (ms: number) => {
      session.seek(ms);
      model.setView(reveal(model.view, ms, 0.1, model.limits));
    };
    const withExtent = (then: (extent: Extent) => void) => {
      askExtent(cameras).then(
        (extent) => (extent === null ? toast("Nothing was recorded yet.") : then(extent)),
        (error: unknown) => toast(messageOf(error), "bad"),
      );
    };
    return {
      goTo,
      goToDay: ({ startMs, endMs }) => {
        model.setView(fitView(startMs, endMs, model.limits));
        session.seek(startMs);
      },
      fit: () =>
        withExtent(({ startMs, endMs }) => model.setView(fitView(startMs, endMs, model.limits))),
      goToLast: () => withExtent(({ endMs }) => goTo(endMs - LAST_LEAD_MS)),
      goLive: () => {
        const query = new URLSearchParams(cameras.map((camera) => ["camera", camera]));
        void navigate(`/live?${query}`);
      },
      goToEdge: (edge) => {
        const ms = edgeOf(model, cameras, edge);
        if (ms !== null) session.seek(ms);
      },
    };
  }, [session, model, cameras, navigate]);
}

/** The first or the last recorded moment of what is shown. */
function edgeOf(
  { view, layers }: TimelineModel,
  cameras: readonly string[],
  edge: "start" | "end",
): number | null {
  const layer = layers.at(-1);
  const known = cameras.map((camera) => layer?.footage.get(camera)?.recorded);
  if (edge === "start") {
    const starts = known.map((spans) => spans?.from(view.startMs)?.[0] ?? Number.POSITIVE_INFINITY);
    const first = Math.max(view.startMs, Math.min(...starts));
    return first < view.endMs ? first : null;
  }
  const ends = known.map((spans) => spans?.before(view.endMs)?.[1] ?? Number.NEGATIVE_INFINITY);
  const last = Math.min(view.endMs, Math.max(...ends));
  return last > view.startMs ? last - 1000 : null;
}
