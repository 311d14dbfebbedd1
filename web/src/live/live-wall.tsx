/** The wall with the bar above it. */

import { useMemo, useRef } from "react";
import type { Camera, Status } from "../api/cameras";
import { useMay, useSession } from "../app/session";
import { EmptyState, ErrorNote } from "../ui";
import { EditBar } from "./edit-bar";
import { toggleFullscreen } from "./fullscreen";
import css from "./live.module.css";
import { Toolbar } from "./toolbar";
import { useLiveWall } from "./use-live-wall";
import { Wall } from "./wall";
import type { Group, SavedLayout } from "./wall-view";

export interface LiveWallProps {
  cameras: readonly Camera[];
  statuses: readonly Status[];
  groups: readonly Group[];
  layouts: readonly SavedLayout[];
}

export function LiveWall({ cameras, statuses, groups, layouts }: LiveWallProps) {
  const root = useRef<HTMLDivElement>(null);
  const mayPlayBack = useMay("footage:read");
  const mayKeepLayouts = useSession().kind === "user";
  const wall = useLiveWall(cameras, groups, layouts, mayPlayBack);
  const { view, layout, tiles, draft, setDraft } = wall;
  const byCamera = useMemo(() => byId(cameras), [cameras]);
  const byStatus = useMemo(() => byId(statuses), [statuses]);
  return (
    <div ref={root} className={css.page}>
      <h1 className="visually-hidden">Live</h1>
      {draft === null ? (
        <Toolbar
          wall={wall}
          groups={groups}
          layouts={layouts}
          mayKeepLayouts={mayKeepLayouts}
          onFullscreen={() => root.current && toggleFullscreen(root.current)}
        />
      ) : (
        <EditBar
          draft={draft}
          cameras={cameras}
          taken={draft.isSaved ? [] : layouts.map(({ name }) => name)}
          onChange={setDraft}
          onDone={(saved) => (saved === null ? setDraft(null) : wall.showLayout(saved))}
        />
      )}
      {view.missing !== null && draft === null && <ErrorNote tone="busy" text={view.missing} />}
      {layout.tiles.length === 0 && draft === null ? (
        <EmptyState
          title="Nothing to show here"
          text="No camera of this group or address is there for you. Choose another group or a grid above."
        />
      ) : (
        <Wall
          layout={layout}
          cameras={byCamera}
          statuses={byStatus}
          tiles={tiles}
          transport={wall.transport.transport}
          wish={wall.address.rendition}
          hasStatistics={wall.hasStatistics}
          mayPlayBack={mayPlayBack}
          onEdit={draft === null ? null : (changed) => setDraft({ ...draft, layout: changed })}
        />
      )}
    </div>
  );
}

function byId<T extends { camera_id: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((each) => [each.camera_id, each]));
}
