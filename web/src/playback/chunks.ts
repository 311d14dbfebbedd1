/** Footage is played in pieces: a playlist holds at most six hours and so many fragments. */

export interface Chunk {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

const MINUTE_MS = 60_000;
/** An hour keeps playlists small and quick to make; it holds 5400 fragments of 0.7 s. */
export const CHUNK_MS = 60 * MINUTE_MS;
/** Cameras with very many keyframes get shorter ones. */
const SHORTEST_MS = 5 * MINUTE_MS;

/**
 * Where playlists begin and end. They lie on a fixed grid, so that a place that is visited again
 * has the same playlist.
 */
export class ChunkGrid {
  private lengthMs = CHUNK_MS;

  at(ms: number): Chunk {
    const startMs = Math.floor(ms / this.lengthMs) * this.lengthMs;
    return { startMs, endMs: startMs + this.lengthMs };
  }

  /** A playlist was refused as too long; false where no shorter one is left to ask for. */
  shorten(): boolean {
    if (this.lengthMs <= SHORTEST_MS) return false;
    this.lengthMs = Math.max(SHORTEST_MS, this.lengthMs / 2);
    return true;
  }
}

export function contains(chunk: Chunk, ms: number): boolean {
  return chunk.startMs <= ms && ms < chunk.endMs;
}

/** How early the next chunk is loaded, in wall time of the footage. */
export function leadMs(rate: number): number {
  return 15_000 * Math.max(1, rate);
}
