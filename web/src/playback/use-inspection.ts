/** Going from gap to gap by keyboard, to learn why each is there. */

import { useCallback, useState } from "react";
import { toast } from "../ui";
import type { CameraGap } from "./layers";
import type { PlaybackSession } from "./session";
import type { TimelineModel } from "./timeline-model";

export interface Inspection {
  readonly inspected: CameraGap | null;
  /** The next or the previous gap of what is shown; the first time the one after the playhead. */
  inspect(direction: 1 | -1): void;
  forget(): void;
}

export function useInspection(
  session: PlaybackSession,
  model: TimelineModel,
  gaps: readonly CameraGap[],
): Inspection {
  const [inspected, setInspected] = useState<CameraGap | null>(null);
  const inspect = (direction: 1 | -1) => {
    const from = inspected?.gap.startMs ?? session.playheadMs;
    const seen = gaps.filter(({ gap }) => gap.endMs > model.view.startMs);
    const found =
      direction === 1
        ? seen.find(({ gap }) => gap.startMs > from)
        : seen.findLast(({ gap }) => gap.startMs < from);
    if (found === undefined) toast("There is no further gap in what the timeline shows.");
    else setInspected(found);
  };
  const forget = useCallback(() => setInspected(null), []);
  return { inspected, inspect, forget };
}
