/** Which cameras are in a grid, and in which order. */

export interface Orderable {
  camera_id: string;
  name: string;
}

const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** By name as people count: "Gate 2" before "Gate 10". */
export function inWallOrder<T extends Orderable>(cameras: readonly T[]): T[] {
  return [...cameras].sort(
    (one, other) =>
      COLLATOR.compare(one.name, other.name) || (one.camera_id < other.camera_id ? -1 : 1),
  );
}

/** The members of a group; without a group all. */
export function ofGroup<T extends Orderable>(
  cameras: readonly T[],
  members: readonly string[] | null,
): T[] {
  if (members === null) return [...cameras];
  const ids = new Set(members);
  return cameras.filter(({ camera_id }) => ids.has(camera_id));
}

export interface Page<T> {
  items: T[];
  /** Counts from 0; the last one where a later was asked for. */
  page: number;
  pages: number;
}

export function pageOf<T>(items: readonly T[], perPage: number, wanted: number): Page<T> {
  const pages = Math.max(1, Math.ceil(items.length / perPage));
  const page = Math.min(Math.max(0, wanted), pages - 1);
  return { items: items.slice(page * perPage, (page + 1) * perPage), page, pages };
}
