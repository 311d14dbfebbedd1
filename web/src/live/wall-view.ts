/** What the page shows for an address: which cameras, where, and what of it is not there. */

import type { View } from "./address";
import { cleanLayout, type GridSize, gridLayout, gridSizeFor, type Layout } from "./layout";
import { inWallOrder, type Orderable, ofGroup, pageOf } from "./order";

export interface SavedLayout {
  name: string;
  layout: Layout;
  updated_at: string;
}

export interface Group {
  group_id: string;
  name: string;
  camera_ids: string[];
}

export interface Known {
  cameras: readonly Orderable[];
  groups: readonly Group[];
  layouts: readonly SavedLayout[];
}

export interface WallView {
  layout: Layout;
  /** The grid that is chosen; null: a saved layout or single cameras. */
  grid: GridSize | null;
  /** The saved layout that is shown. */
  saved: string | null;
  page: number;
  pages: number;
  /** What the address names and the server does not know, for people. */
  missing: string | null;
}

const ONE_PAGE = { page: 0, pages: 1, missing: null, grid: null, saved: null };

export function resolveView(view: View, group: string | null, known: Known): WallView {
  const members = known.groups.find(({ group_id }) => group_id === group)?.camera_ids ?? null;
  const cameras = ids(inWallOrder(ofGroup(known.cameras, members)));
  switch (view.kind) {
    case "cameras":
      return chosenCameras(view.cameras, known);
    case "grid":
      return grid(cameras, view.size, view.page);
    case "layout": {
      const saved = known.layouts.find(({ name }) => name === view.name);
      if (saved !== undefined) return savedLayout(saved, known);
      const missing = `There is no layout “${view.name}” any more.`;
      return { ...grid(cameras, gridSizeFor(cameras.length), 0), missing };
    }
    case "default": {
      const saved = group === null ? newest(known) : undefined;
      if (saved !== undefined) return savedLayout(saved, known);
      return grid(cameras, gridSizeFor(cameras.length), 0);
    }
  }
}

function chosenCameras(chosen: readonly string[], known: Known): WallView {
  const all = new Set(ids(known.cameras));
  const found = chosen.filter((camera) => all.has(camera));
  const gone = chosen.filter((camera) => !all.has(camera));
  const missing =
    gone.length > 0 ? `There is no camera ${gone.map((id) => `“${id}”`).join(", ")}.` : null;
  const columns = Math.ceil(Math.sqrt(Math.max(1, found.length)));
  return { ...ONE_PAGE, layout: gridLayout(found, columns), missing };
}

function grid(cameras: readonly string[], size: GridSize, wanted: number): WallView {
  const { items, page, pages } = pageOf(cameras, size * size, wanted);
  return { ...ONE_PAGE, layout: gridLayout(items, size), grid: size, page, pages };
}

function savedLayout({ name, layout }: SavedLayout, known: Known): WallView {
  const clean = cleanLayout(layout, new Set(ids(known.cameras)));
  return { ...ONE_PAGE, layout: clean, saved: name };
}

/** The one that was saved last, of those that still show something. */
function newest({ layouts, cameras }: Known): SavedLayout | undefined {
  const all = new Set(ids(cameras));
  return layouts
    .filter(({ layout }) => layout.tiles.some(({ camera_id }) => all.has(camera_id)))
    .sort((one, other) => Date.parse(other.updated_at) - Date.parse(one.updated_at))[0];
}

function ids(cameras: readonly Orderable[]): string[] {
  return cameras.map(({ camera_id }) => camera_id);
}
