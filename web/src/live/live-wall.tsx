/** The wall with everything around it: what is selected, enlarged, heard, arranged. */

import { useMemo, useRef, useState } from "react";
import type { Camera, Status } from "../api/cameras";
import { useMay, useSession } from "../app/session";
import { EmptyState, ErrorNote } from "../ui";
import { type Draft, EditBar } from "./edit-bar";
import { toggleFullscreen } from "./fullscreen";
import { type GridSize, narrowLayout } from "./layout";
import css from "./live.module.css";
import { Toolbar } from "./toolbar";
import { useAddress } from "./use-address";
import { useMedia } from "./use-media";
import { useTileCommands } from "./use-tile-commands";
import { useTransport } from "./use-transport";
import { useWallKeys } from "./use-wall-keys";
import { Wall } from "./wall";
import { type Group, resolveView, type SavedLayout } from "./wall-view";

const NARROW = "(width < 640px)";

export interface LiveWallProps {
  cameras: readonly Camera[];
  statuses: readonly Status[];
  groups: readonly Group[];
  layouts: readonly SavedLayout[];
}

export function LiveWall({ cameras, statuses, groups, layouts }: LiveWallProps) {
  const [address, change] = useAddress();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [hasStatistics, setStatistics] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const mayPlayBack = useMay("footage:read");
  const mayKeepLayouts = useSession().kind === "user";
  const isNarrow = useMedia(NARROW);
  const { transport, isFallback, onBlocked } = useTransport(address.transport);
  const view = useMemo(
    () => resolveView(address.view, address.group, { cameras, groups, layouts }),
    [address, cameras, groups, layouts],
  );
  const arranged = draft?.layout ?? view.layout;
  const layout = useMemo(
    () => (isNarrow && draft === null ? narrowLayout(arranged, 1) : arranged),
    [isNarrow, draft, arranged],
  );
  const tiles = useTileCommands(layout, mayPlayBack, onBlocked);
  const byCamera = useMemo(() => new Map(cameras.map((each) => [each.camera_id, each])), [cameras]);
  const byStatus = useMemo(
    () => new Map(statuses.map((each) => [each.camera_id, each])),
    [statuses],
  );
  const showGrid = (size: GridSize) => {
    setDraft(null);
    tiles.enlarge(null);
    change({ view: { kind: "grid", size, page: 0 } });
  };
  const showPage = (page: number) => {
    if (view.grid === null || page < 0 || page >= view.pages) return;
    tiles.enlarge(null);
    change({ view: { kind: "grid", size: view.grid, page } });
  };
  useWallKeys({
    layout,
    tiles,
    onGrid: showGrid,
    onPage: (step) => showPage(view.page + step),
    onStatistics: () => setStatistics((now) => !now),
    onCancel: () => setDraft(null),
    isEditing: draft !== null,
  });

  return (
    <div ref={root} className={css.page}>
      {draft === null ? (
        <Toolbar
          address={address}
          view={view}
          groups={groups}
          layouts={layouts}
          isFallback={isFallback}
          hasStatistics={hasStatistics}
          mayKeepLayouts={mayKeepLayouts}
          onGrid={showGrid}
          onLayout={(name) => change({ view: { kind: "layout", name }, group: null })}
          onGroup={(group) => {
            const size = view.grid ?? 2;
            change({ group, view: { kind: "grid", size, page: 0 } });
          }}
          onPage={showPage}
          onAddress={change}
          onStatistics={() => setStatistics(!hasStatistics)}
          onEdit={() => {
            tiles.enlarge(null);
            setDraft({ layout: view.layout, name: view.saved ?? "", isSaved: view.saved !== null });
          }}
          onFullscreen={() => root.current && toggleFullscreen(root.current)}
        />
      ) : (
        <EditBar
          draft={draft}
          cameras={cameras}
          taken={draft.isSaved ? [] : layouts.map(({ name }) => name)}
          onChange={setDraft}
          onDone={(saved) => {
            setDraft(null);
            if (saved !== null) change({ view: { kind: "layout", name: saved }, group: null });
          }}
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
          transport={transport}
          wish={address.rendition}
          large={tiles.large}
          selected={tiles.selected}
          soundOf={tiles.soundOf}
          hasStatistics={hasStatistics}
          mayPlayBack={mayPlayBack}
          commands={tiles.commands}
          onEdit={draft === null ? null : (changed) => setDraft({ ...draft, layout: changed })}
        />
      )}
    </div>
  );
}
