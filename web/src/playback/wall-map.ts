/** Wall time and media time of a playlist: EXT-X-PROGRAM-DATE-TIME, across discontinuities. */

/** What hls.js knows of a fragment; `start` and `duration` in seconds of media time. */
export interface MappedFragment {
  readonly start: number;
  readonly duration: number;
  readonly programDateTime: number | null;
}

export type Place =
  | { readonly kind: "inside"; readonly mediaTime: number }
  /** No media for this moment; what comes next in the playlist, if anything does. */
  | { readonly kind: "hole"; readonly next: { wallMs: number; mediaTime: number } | null };

/** A hole shorter than this is played over: it is the camera's clock that drifts. */
const SEAM_MS = 250;

/** The place of a moment. Fragments are in order of both times. */
export function placeOf(fragments: readonly MappedFragment[], wallMs: number): Place {
  const index = lastIndex(fragments, (fragment) => wallOf(fragment) <= wallMs);
  const fragment = fragments[index];
  const after = fragments[index + 1];
  const next = after === undefined ? null : { wallMs: wallOf(after), mediaTime: after.start };
  if (fragment === undefined) return { kind: "hole", next };
  const into = (wallMs - wallOf(fragment)) / 1000;
  if (into < fragment.duration) {
    return { kind: "inside", mediaTime: fragment.start + into };
  }
  if (next !== null && next.wallMs - wallMs <= SEAM_MS && isSeam(fragment, next.wallMs)) {
    return { kind: "inside", mediaTime: next.mediaTime };
  }
  return { kind: "hole", next };
}

/** The moment that a media time shows; null before the first fragment. */
export function wallTimeAt(fragments: readonly MappedFragment[], mediaTime: number): number | null {
  const fragment = fragments[lastIndex(fragments, ({ start }) => start <= mediaTime + 1e-3)];
  if (fragment === undefined) return null;
  const into = Math.max(0, Math.min(mediaTime - fragment.start, fragment.duration));
  return wallOf(fragment) + into * 1000;
}

/** Whether footage ends within so many seconds after a media time: by a gap, or altogether. */
export function endsWithin(
  fragments: readonly MappedFragment[],
  mediaTime: number,
  seconds: number,
): boolean {
  const first = lastIndex(fragments, ({ start }) => start <= mediaTime + 1e-3);
  for (let index = Math.max(0, first); index < fragments.length; index++) {
    const fragment = fragments[index];
    if (fragment === undefined || fragment.start + fragment.duration > mediaTime + seconds) break;
    const next = fragments[index + 1];
    if (next === undefined || !isSeam(fragment, wallOf(next))) return true;
  }
  return false;
}

function isSeam(fragment: MappedFragment, nextWallMs: number): boolean {
  return nextWallMs - (wallOf(fragment) + fragment.duration * 1000) <= SEAM_MS;
}

function wallOf(fragment: MappedFragment): number {
  return fragment.programDateTime ?? Number.NaN;
}

/** The last index for which `holds` is true, where it is true up to there; -1 for none. */
function lastIndex(
  fragments: readonly MappedFragment[],
  holds: (fragment: MappedFragment) => boolean,
): number {
  let low = -1;
  let high = fragments.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const fragment = fragments[middle];
    if (fragment !== undefined && holds(fragment)) low = middle;
    else high = middle;
  }
  return low;
}
