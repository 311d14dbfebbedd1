/** Reads I-frame playlists (RFC 8216bis, section 4.4.3.6): one picture per entry. */

export interface Picture {
  /** When it was taken, Unix milliseconds. */
  readonly wallMs: number;
  readonly url: string;
  /** What the decoder needs first. */
  readonly init: Resource;
}

export interface Resource {
  readonly url: string;
  /** For the `Range` header; null: all of it. */
  readonly range: string | null;
}

/** Six hours of a keyframe per second are 21,600. */
const MOST_PICTURES = 50_000;

/** Entries without a time or an init segment are left out; the rest is in order of time. */
export function readIframePlaylist(text: string, base: string): Picture[] {
  const pictures: Picture[] = [];
  let init: Resource | null = null;
  let wallMs = Number.NaN;
  let seconds = 0;
  for (const [name, value] of linesOf(text)) {
    if (name === "EXT-X-MAP") init = readMap(value, base);
    if (name === "EXT-X-PROGRAM-DATE-TIME") wallMs = Date.parse(value);
    if (name === "EXTINF") seconds = Number.parseFloat(value) || 0;
    if (name !== null) continue;
    if (init !== null && Number.isFinite(wallMs)) {
      pictures.push({ wallMs, url: new URL(value, base).href, init });
    }
    wallMs += seconds * 1000;
    if (pictures.length >= MOST_PICTURES) break;
  }
  return pictures.sort((a, b) => a.wallMs - b.wallMs);
}

/** Tags with their values, and addresses, which have no name. */
function linesOf(text: string): [string | null, string][] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").map(tagOf);
}

function tagOf(line: string): [string | null, string] {
  if (!line.startsWith("#")) return [null, line];
  const colon = line.indexOf(":");
  return colon < 0 ? [line.slice(1), ""] : [line.slice(1, colon), line.slice(colon + 1)];
}

/** The last picture at or before a moment; before the first one, the first. */
export function pictureAt(pictures: readonly Picture[], wallMs: number): Picture | null {
  let low = 0;
  let high = pictures.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pictures[middle]?.wallMs ?? 0) <= wallMs) low = middle + 1;
    else high = middle;
  }
  return pictures[Math.max(0, low - 1)] ?? null;
}

function readMap(attributes: string, base: string): Resource | null {
  const uri = /URI="([^"]*)"/.exec(attributes)?.[1];
  if (uri === undefined) return null;
  const [, length, offset] = /BYTERANGE="(\d+)@(\d+)"/.exec(attributes) ?? [];
  const first = Number(offset);
  const range = length === undefined ? null : `bytes=${first}-${first + Number(length) - 1}`;
  return { url: new URL(uri, base).href, range };
}
