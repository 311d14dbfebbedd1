/** What is shown, and how: grids, saved layouts, groups, pages, transport. */

import {
  ChartNoAxesColumn,
  ChevronLeft,
  ChevronRight,
  Fullscreen,
  LayoutDashboard,
  Pencil,
  SlidersHorizontal,
} from "lucide-react";
import { Button, IconButton, Menu, MenuChoice, MenuItem, Select, ToggleButton } from "../ui";
import { readAddress } from "./address";
import { GRID_SIZES } from "./layout";
import css from "./live.module.css";
import type { LiveWall } from "./use-live-wall";
import type { Group, SavedLayout, WallView } from "./wall-view";

const ALL = "all";
const ICON = { size: 18, "aria-hidden": true } as const;

export interface ToolbarProps {
  wall: LiveWall;
  groups: readonly Group[];
  layouts: readonly SavedLayout[];
  mayKeepLayouts: boolean;
  onFullscreen(): void;
}

export function Toolbar(props: ToolbarProps) {
  const { wall, groups } = props;
  const { view, address, hasStatistics } = wall;
  return (
    <header className={css.toolbar}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div role="group" aria-label="Grid" className={css.group}>
        {GRID_SIZES.map((size) => (
          <ToggleButton
            key={size}
            isSelected={view.grid === size}
            onChange={() => wall.showGrid(size)}
            aria-label={size === 1 ? "1 tile" : `${size}×${size} tiles`}
          >
            {size === 1 ? "1" : `${size}×${size}`}
          </ToggleButton>
        ))}
      </div>
      {props.mayKeepLayouts && <LayoutMenu {...props} />}
      {groups.length > 0 && (
        <Select
          label="Group"
          isLabelHidden
          className={css.select ?? ""}
          options={[
            { id: ALL, label: "All cameras" },
            ...groups.map(({ group_id, name }) => ({ id: group_id, label: name })),
          ]}
          value={groups.some(({ group_id }) => group_id === address.group) ? address.group : ALL}
          onChange={(id) => wall.showGroup(id === ALL ? null : id)}
        />
      )}
      {view.pages > 1 && <Pager view={view} onPage={wall.showPage} />}
      <div className={css.right}>
        <PlayingMenu wall={wall} />
        <IconButton
          label={hasStatistics ? "Hide statistics" : "Show statistics"}
          shortcut="I"
          onPress={wall.toggleStatistics}
          aria-pressed={hasStatistics}
        >
          <ChartNoAxesColumn {...ICON} />
        </IconButton>
        <IconButton label="All tiles on the full screen" onPress={props.onFullscreen}>
          <Fullscreen {...ICON} />
        </IconButton>
      </div>
    </header>
  );
}

function LayoutMenu({ wall, layouts }: ToolbarProps) {
  const { view } = wall;
  const EDIT = "edit";
  const name = (id: string) => `layout:${id}`;
  return (
    <Menu
      label="Layouts"
      placement="bottom start"
      trigger={
        <Button className={view.saved === null ? undefined : css.chosen}>
          <LayoutDashboard {...ICON} />
          <span className={css.layoutName}>{view.saved ?? "Layouts"}</span>
        </Button>
      }
    >
      {layouts.length > 0 && (
        <MenuChoice
          label="Saved"
          options={layouts.map((each) => ({ id: name(each.name), label: each.name }))}
          value={view.saved === null ? "" : name(view.saved)}
          onChange={(id) => wall.showLayout(id.slice(name("").length))}
        />
      )}
      <MenuItem id={EDIT} onAction={wall.arrange} textValue="Arrange tiles">
        <Pencil size={16} aria-hidden />
        {view.saved === null ? "Arrange these tiles…" : `Arrange “${view.saved}”…`}
      </MenuItem>
    </Menu>
  );
}

function Pager({ view, onPage }: { view: WallView; onPage(page: number): void }) {
  return (
    <nav className={css.group} aria-label="Pages of cameras">
      <IconButton
        label="Cameras before these"
        shortcut="Page up"
        isDisabled={view.page === 0}
        onPress={() => onPage(view.page - 1)}
      >
        <ChevronLeft {...ICON} />
      </IconButton>
      <span className={css.pages}>
        {view.page + 1} of {view.pages}
      </span>
      <IconButton
        label="Cameras after these"
        shortcut="Page down"
        isDisabled={view.page + 1 >= view.pages}
        onPress={() => onPage(view.page + 1)}
      >
        <ChevronRight {...ICON} />
      </IconButton>
    </nav>
  );
}

function PlayingMenu({ wall }: { wall: LiveWall }) {
  const { address, change } = wall;
  const { isFallback } = wall.transport;
  return (
    <Menu
      label="How it is played"
      trigger={
        <Button kind="quiet" aria-label="How it is played">
          <SlidersHorizontal {...ICON} />
          {isFallback && <span>LL-HLS</span>}
        </Button>
      }
    >
      <MenuChoice
        label="Transport"
        options={[
          { id: "transport=auto", label: isFallback ? "Automatic (now LL-HLS)" : "Automatic" },
          { id: "transport=websocket", label: "WebSocket: least delay" },
          { id: "transport=ll-hls", label: "LL-HLS: through any proxy" },
        ]}
        value={`transport=${address.transport}`}
        onChange={(id) => change({ transport: readAddress(new URLSearchParams(id)).transport })}
      />
      <MenuChoice
        label="Stream"
        options={[
          { id: "rendition=auto", label: "Automatic: by size" },
          { id: "rendition=main", label: "Full resolution" },
          { id: "rendition=sub", label: "Low resolution" },
        ]}
        value={`rendition=${address.rendition}`}
        onChange={(id) => change({ rendition: readAddress(new URLSearchParams(id)).rendition })}
      />
    </Menu>
  );
}
