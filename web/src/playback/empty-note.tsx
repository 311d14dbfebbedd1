/** Says that the timeline shows nothing because nothing was recorded then, and where there is. */

import { Button, LinkButton } from "../ui";
import { reasonText } from "../words";
import { aroundEmpty, type CameraGap, type Layer } from "./layers";
import css from "./timeline.module.css";
import type { Navigation } from "./use-navigation";
import type { View } from "./view";

export interface EmptyNoteProps {
  layers: readonly Layer[];
  view: View;
  cameras: readonly string[];
  /** Of the view. */
  gaps: readonly CameraGap[];
  navigation: Navigation;
}

export function EmptyNote({ layers, view, cameras, gaps, navigation }: EmptyNoteProps) {
  const around = aroundEmpty(layers, cameras, view);
  if (around === null) return null;
  const { beforeMs, afterMs } = around;
  const isNothing = beforeMs === null && afterMs === null;
  const text = isNothing ? nothingText(gaps) : "Nothing was recorded in this time.";
  return (
    <div className={css.empty} role="status">
      <span>{text}</span>
      {isNothing && <LinkButton href="/cameras">Go to cameras</LinkButton>}
      {beforeMs !== null && (
        <Button onPress={() => navigation.goTo(beforeMs)}>Footage before</Button>
      )}
      {afterMs !== null && <Button onPress={() => navigation.goTo(afterMs)}>Footage after</Button>}
    </div>
  );
}

/** With a gap recording is switched on, and something is in its way. */
export function nothingText(gaps: readonly CameraGap[]): string {
  const last = gaps.at(-1);
  if (last !== undefined) return `Nothing was recorded yet: ${reasonText(last.gap.reason)}.`;
  return "Nothing was recorded yet. Switch recording on; footage appears about a minute later.";
}
