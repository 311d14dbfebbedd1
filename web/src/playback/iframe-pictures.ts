/** Finds and fetches one camera's I-frames: playlists of ten minutes each, some of them kept. */

import { ApiError } from "../api/errors";
import { serverNow } from "../api/server-now";
import { type Chunk, contains } from "./chunks";
import { fetchBytes, fetchText } from "./fetching";
import { type Picture, pictureAt, readIframePlaylist } from "./iframe-playlist";
import { cameraPath } from "./paths";

const PIECE_MS = 10 * 60_000;
const MOST_PLAYLISTS = 12;
const MOST_INITS = 8;
/** A picture further away is of another time: in between nothing was recorded. */
const FAR_MS = 60_000;
/** What is still being recorded is looked at again after this. */
const STALE_MS = 10_000;

interface Kept {
  readonly chunk: Chunk;
  readonly pictures: Picture[];
  readonly isFinal: boolean;
  readonly atMs: number;
}

export interface Loaded {
  readonly picture: Picture;
  readonly init: Uint8Array;
  readonly bytes: Uint8Array;
}

export class IframePictures {
  private kept: Kept[] = [];
  private readonly inits = new Map<string, Uint8Array>();
  private readonly aborter = new AbortController();

  constructor(private readonly camera: string) {}

  /** The picture of a moment; null where there is no footage near it. Throws ApiError. */
  async find(wallMs: number): Promise<Picture | null> {
    const kept = this.kept.find(({ chunk }) => contains(chunk, wallMs));
    const isGood = kept !== undefined && (kept.isFinal || Date.now() - kept.atMs < STALE_MS);
    const pictures = isGood ? kept.pictures : await this.loadPlaylist(wallMs);
    const picture = pictureAt(pictures, wallMs);
    return picture !== null && Math.abs(picture.wallMs - wallMs) < FAR_MS ? picture : null;
  }

  async load(picture: Picture): Promise<Loaded> {
    const resource = { url: picture.url, range: null };
    const [init, bytes] = await Promise.all([
      this.loadInit(picture),
      fetchBytes(resource, this.aborter.signal),
    ]);
    return { picture, init, bytes };
  }

  /** A signed address may have expired: ask for new ones. */
  forget(): void {
    this.kept = [];
  }

  close(): void {
    this.aborter.abort();
  }

  private async loadPlaylist(wallMs: number): Promise<Picture[]> {
    const startMs = Math.floor(wallMs / PIECE_MS) * PIECE_MS;
    const chunk = { startMs, endMs: startMs + PIECE_MS };
    const path = cameraPath(this.camera, "iframes.m3u8", chunk);
    const pictures = await fetchText(path, this.aborter.signal).then(
      ([text, url]) => readIframePlaylist(text, url),
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return [];
        throw error;
      },
    );
    const isFinal = chunk.endMs < serverNow() - PIECE_MS;
    const others = this.kept.filter((kept) => kept.chunk.startMs !== startMs);
    const kept = { chunk, pictures, isFinal, atMs: Date.now() };
    this.kept = [kept, ...others].slice(0, MOST_PLAYLISTS);
    return pictures;
  }

  private async loadInit({ init }: Picture): Promise<Uint8Array> {
    const key = `${init.url} ${init.range}`;
    const known = this.inits.get(key);
    if (known !== undefined) return known;
    const bytes = await fetchBytes(init, this.aborter.signal);
    if (this.inits.size >= MOST_INITS) this.inits.clear();
    this.inits.set(key, bytes);
    return bytes;
  }
}
