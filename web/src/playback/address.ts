/** What the page's address says: which cameras, which moment, how fast. */

export interface Shown {
  readonly cameras: readonly string[];
  /** Unix milliseconds; null: not said. */
  readonly atMs: number | null;
  readonly speed: number;
}

export const MOST_CAMERAS = 9;
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16];
const CAMERA_ID = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** Before it there is no footage; what comes from an address may be anything. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

export function readAddress(search: string): Shown {
  const query = new URLSearchParams(search);
  const cameras = query.getAll("camera").filter((camera) => CAMERA_ID.test(camera));
  const speed = Number(query.get("speed") ?? 1);
  return {
    cameras: [...new Set(cameras)].slice(0, MOST_CAMERAS),
    atMs: readTime(query.get("at")),
    speed: SPEEDS.includes(speed) ? speed : 1,
  };
}

/** `?camera=a&camera=b&at=2026-11-21T10:15:03.200Z`. */
export function writeAddress({ cameras, atMs, speed }: Shown): string {
  const query = new URLSearchParams(cameras.map((camera) => ["camera", camera]));
  if (atMs !== null) query.set("at", new Date(Math.round(atMs)).toISOString());
  if (speed !== 1) query.set("speed", String(speed));
  const text = query.toString().replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

function readTime(text: string | null): number | null {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return ms >= EARLIEST_MS && ms < LATEST_MS ? ms : null;
}

/** The next speed up or down from one; the ends stay. */
export function otherSpeed(speed: number, step: 1 | -1): number {
  const index = SPEEDS.indexOf(speed);
  return SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index + step))] ?? 1;
}
