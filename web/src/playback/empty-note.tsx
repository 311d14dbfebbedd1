/** Says that the timeline shows nothing because nothing was recorded then, and where there is. */

import { Button, LinkButton } from "../ui";
import type { Layer } from "./layers";
import css from "./timeline.module.css";
import type { Navigation } from "./use-navigation";
import { spanOf, type View } from "./view";

export interface EmptyNoteProps {
  layers: readonly Layer[];
  view: View;
  cameras: readonly string[];
  navigation: Navigation;
}

export function EmptyNote({ layers, view, cameras, navigation }: EmptyNoteProps) {
  const around = aroundEmpty(layers, cameras, view);
  if (around === null) return null;
  const { beforeMs, afterMs } = around;
  const isNothing = beforeMs === null && afterMs === null;
  const text = isNothing
    ? "Nothing was recorded yet. Switch recording on; footage appears about a minute later."
    : "Nothing was recorded in this time.";
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

interface Around {
  readonly beforeMs: number | null;
  readonly afterMs: number | null;
}

/** Where the nearest footage is; null where there is some in the view, or nothing is known yet. */
export function aroundEmpty(
  layers: readonly Layer[],
  cameras: readonly string[],
  { startMs, endMs }: View,
): Around | null {
  const [all] = layers;
  const fine = layers.find((layer) => layer.startMs <= startMs && layer.endMs >= endMs);
  if (all === undefined || fine === undefined || layers.length < 2) return null;
  const covered = layers.some((layer) =>
    cameras.some((camera) => hasFootage(layer, camera, startMs, endMs)),
  );
  if (covered) return null;
  const spans = cameras.map((camera) => all.footage.get(camera)?.recorded);
  const lead = Math.min(10_000, spanOf({ startMs, endMs }) / 10);
  const before = spans.map((each) => each?.before(startMs)?.[1]).filter((ms) => ms !== undefined);
  const after = spans.map((each) => each?.from(endMs)?.[0]).filter((ms) => ms !== undefined);
  return {
    beforeMs: before.length === 0 ? null : Math.max(...before) - lead,
    afterMs: after.length === 0 ? null : Math.min(...after),
  };
}

/** Whether anything was recorded, or is on its way. */
function hasFootage(layer: Layer, camera: string, startMs: number, endMs: number): boolean {
  const footage = layer.footage.get(camera);
  if (footage === undefined) return false;
  const isComing = footage.pendingFromMs !== null && footage.pendingFromMs < endMs;
  return isComing || footage.recorded.coveredMs(startMs, endMs) > 0;
}
