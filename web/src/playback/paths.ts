/** Addresses of a camera's footage. */

/** `to` must be later than `from`; Unix milliseconds. */
export function cameraPath(
  camera: string,
  what: "playback.m3u8" | "iframes.m3u8",
  { startMs, endMs }: { startMs: number; endMs: number },
): string {
  const query = new URLSearchParams({ from: isoOf(startMs), to: isoOf(endMs) });
  return `/api/v1/cameras/${encodeURIComponent(camera)}/${what}?${query}`;
}

export function isoOf(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
