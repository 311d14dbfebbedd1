/** The page's keys. */

import { type Shortcut, useShortcuts } from "../app/shortcuts";
import { otherSpeed } from "./address";
import type { PlaybackSession } from "./session";
import type { TimelineModel } from "./timeline-model";
import { spanOf } from "./view";

export interface Actions {
  mark(edge: "start" | "end"): void;
  clear(): void;
  download(): void;
  fullScreen(): void;
  /** The next or the previous gap: its reason is shown and read. */
  inspectGap(direction: 1 | -1): void;
  /** The first or the last recorded moment of what is shown. */
  goToEdge(edge: "start" | "end"): void;
  fit(): void;
  goLive(): void;
}

const SECOND = 1000;
const ZOOM = 1.5;

export function usePlaybackShortcuts(
  session: PlaybackSession,
  model: TimelineModel,
  actions: Actions,
): void {
  const by = (ms: number) => session.seek(session.playheadMs + ms);
  const page = (direction: number) => by(direction * spanOf(model.view) * 0.9);
  const speed = (step: 1 | -1) => session.setRate(otherSpeed(session.clock.rate, step));
  const zoom = (factor: number) => model.zoomBy(factor, session.playheadMs);
  useShortcuts("Playback", [
    key("Space", "Play or pause", () => session.toggle()),
    key("ArrowLeft", "Back 10 seconds", () => by(-10 * SECOND)),
    key("ArrowRight", "On 10 seconds", () => by(10 * SECOND)),
    key("ArrowDown", "Back 1 second", () => by(-SECOND)),
    key("ArrowUp", "On 1 second", () => by(SECOND)),
    key("Shift+ArrowLeft", "Back 1 minute", () => by(-60 * SECOND)),
    key("Shift+ArrowRight", "On 1 minute", () => by(60 * SECOND)),
    key(",", "Back one frame", () => session.step(-1)),
    key(".", "On one frame", () => session.step(1)),
    key("Ctrl+ArrowLeft", "Slower", () => speed(-1)),
    key("Ctrl+ArrowRight", "Faster", () => speed(1)),
    key("PageUp", "Back by what is shown", () => page(-1)),
    key("PageDown", "On by what is shown", () => page(1)),
    key("Home", "First footage of what is shown", () => actions.goToEdge("start")),
    key("End", "Last footage of what is shown", () => actions.goToEdge("end")),
    key("+", "Zoom in", () => zoom(1 / ZOOM)),
    key("-", "Zoom out", () => zoom(ZOOM)),
    key("0", "Show all footage", () => actions.fit()),
    key("n", "Next gap", () => actions.inspectGap(1)),
    key("p", "Previous gap", () => actions.inspectGap(-1)),
    key("[", "Selection begins here", () => actions.mark("start")),
    key("]", "Selection ends here", () => actions.mark("end")),
    key("Escape", "Forget the selection", () => actions.clear()),
    key("d", "Download the selection", () => actions.download()),
    key("m", "Sound on or off", () => session.setMuted(!session.snapshot().isMuted)),
    key("f", "Full screen", () => actions.fullScreen()),
    key("l", "Live", () => actions.goLive()),
  ]);
}

function key(keys: string, label: string, run: () => void): Shortcut {
  return { keys, label, run };
}
