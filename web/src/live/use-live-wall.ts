/** What the wall shows and how: put together from the address, the server's lists and the viewer. */

import { useMemo, useState } from "react";
import type { Camera } from "../api/cameras";
import type { Address, View } from "./address";
import type { Draft } from "./edit-bar";
import { type GridSize, gridSizeFor, type Layout, narrowLayout } from "./layout";
import { useAddress } from "./use-address";
import { useMedia } from "./use-media";
import { type Tiles, useTileCommands } from "./use-tile-commands";
import { type TransportChoice, useTransport } from "./use-transport";
import { useWallKeys } from "./use-wall-keys";
import { type Group, resolveView, type SavedLayout, type WallView } from "./wall-view";

const NARROW = "(width < 640px)";

export interface LiveWall {
  address: Address;
  transport: TransportChoice;
  view: WallView;
  /** As it is drawn: below each other on narrow screens, or as it is being arranged. */
  layout: Layout;
  tiles: Tiles;
  hasStatistics: boolean;
  /** Null: nothing is being arranged. */
  draft: Draft | null;
  change(by: Partial<Address>): void;
  showGrid(size: GridSize): void;
  showPage(page: number): void;
  showLayout(name: string): void;
  showGroup(group: string | null): void;
  toggleStatistics(): void;
  setDraft(draft: Draft | null): void;
  /** Begins to arrange what is shown. */
  arrange(): void;
}

export function useLiveWall(
  cameras: readonly Camera[],
  groups: readonly Group[],
  layouts: readonly SavedLayout[],
  mayPlayBack: boolean,
): LiveWall {
  const [address, change] = useAddress();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [hasStatistics, setStatistics] = useState(false);
  const transport = useTransport(address.transport);
  const view = useMemo(
    () => resolveView(address.view, address.group, { cameras, groups, layouts }),
    [address, cameras, groups, layouts],
  );
  const layout = useDrawn(view.layout, draft?.layout ?? null);
  const tiles = useTileCommands(layout, mayPlayBack, transport.onBlocked);

  const show = (by: Partial<Address>) => {
    setDraft(null);
    tiles.enlarge(null);
    change(by);
  };
  const wall: LiveWall = {
    address,
    transport,
    view,
    layout,
    tiles,
    hasStatistics,
    draft,
    change,
    showGrid: (size) => show({ view: { kind: "grid", size, page: 0 } }),
    showPage: (page) => {
      if (view.grid === null || page < 0 || page >= view.pages) return;
      show({ view: { kind: "grid", size: view.grid, page } });
    },
    showLayout: (name) => show({ view: { kind: "layout", name }, group: null }),
    showGroup: (group) => {
      const all: View = { kind: "grid", size: gridSizeFor(cameras.length), page: 0 };
      show({ view: group === null ? all : { kind: "default" }, group });
    },
    toggleStatistics: () => setStatistics((now) => !now),
    setDraft,
    arrange: () => {
      tiles.enlarge(null);
      setDraft({ layout: view.layout, name: view.saved ?? "", isSaved: view.saved !== null });
    },
  };
  useWallKeys(wall);
  return wall;
}

function useDrawn(shown: Layout, arranged: Layout | null): Layout {
  const isNarrow = useMedia(NARROW);
  return useMemo(() => {
    if (arranged !== null) return arranged;
    return isNarrow ? narrowLayout(shown, 1) : shown;
  }, [shown, arranged, isNarrow]);
}
