/** Which cameras of the list are shown; the choice stands in the address. */

import type { Camera, Status } from "../api/cameras";
import { type Described, describe } from "./state";

export const STATES = [
  { id: "all", label: "All states" },
  { id: "recording", label: "Recording" },
  { id: "stopped", label: "Recording switched off" },
  { id: "problem", label: "With a problem" },
] as const;

export type StateFilter = (typeof STATES)[number]["id"];

export interface Filter {
  search: string;
  state: StateFilter;
  /** Id of a group; null: all. */
  group: string | null;
}

export interface Row {
  camera: Camera;
  status: Status | undefined;
  described: Described;
  groups: string[];
}

interface Members {
  group_id: string;
  name: string;
  camera_ids: string[];
}

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** By name as people count, "Gate 2" before "Gate 10". */
export function rowsOf(
  cameras: readonly Camera[],
  statuses: readonly Status[],
  groups: readonly Members[],
): Row[] {
  const found = new Map(statuses.map((status) => [status.camera_id, status]));
  const rows = cameras.map((camera) => {
    const status = found.get(camera.camera_id);
    const of = groups.filter(({ camera_ids }) => camera_ids.includes(camera.camera_id));
    const described = describe(camera, status);
    return { camera, status, described, groups: of.map(({ group_id }) => group_id) };
  });
  return rows.sort(
    (one, other) =>
      COLLATOR.compare(one.camera.name, other.camera.name) ||
      COLLATOR.compare(one.camera.camera_id, other.camera.camera_id),
  );
}

export function filterRows(rows: readonly Row[], filter: Filter): Row[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      isInState(row, filter.state) &&
      (filter.group === null || row.groups.includes(filter.group)) &&
      words.every((word) => textOf(row).includes(word)),
  );
}

function isInState({ camera, described }: Row, state: StateFilter): boolean {
  if (state === "recording") return described.kind === "recording";
  if (state === "stopped") return !camera.record;
  if (state === "problem") return described.tone === "bad";
  return true;
}

/** Name, id, address; what one remembers of a camera. */
function textOf({ camera, status }: Row): string {
  const { name, camera_id, url, device_id } = camera;
  return [name, camera_id, url, device_id, status?.recorder].join(" ").toLowerCase();
}

export function readFilter(query: URLSearchParams): Filter {
  const state = STATES.find(({ id }) => id === query.get("state"))?.id ?? "all";
  return { search: query.get("q") ?? "", state, group: query.get("group") || null };
}

export function writeFilter({ search, state, group }: Filter): URLSearchParams {
  const query = new URLSearchParams();
  if (search !== "") query.set("q", search);
  if (state !== "all") query.set("state", state);
  if (group !== null) query.set("group", group);
  return query;
}
