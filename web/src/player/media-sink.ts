/**
 * A video element fed with fMP4 by Media Source: one SourceBuffer, one operation at a time.
 *
 * A sink is used once; after an error its owner makes a new one.
 */

import { haveSameTracks, mimeType } from "./codecs";

const KEEP_BEHIND_SECONDS = 10;
/** Removing has a cost, so it is done in steps of this. */
const EVICT_STEP_SECONDS = 5;
const MOST_QUEUED = 256;

interface InitItem {
  kind: "init";
  codecs: string;
  data: Uint8Array<ArrayBuffer>;
}
interface MediaItem {
  kind: "media";
  data: Uint8Array<ArrayBuffer>;
  timestampOffset: number;
}
type Item = InitItem | MediaItem;

export interface SinkEvents {
  /** Something was appended. */
  onAppended(): void;
  /** The sink cannot go on. */
  onError(detail: string): void;
}

type MediaSourceClass = typeof MediaSource;

/** The browser's Media Source, the managed kind where there is only that; null: none. */
export function mediaSourceClass(): MediaSourceClass | null {
  const managed = (globalThis as { ManagedMediaSource?: MediaSourceClass }).ManagedMediaSource;
  return managed ?? globalThis.MediaSource ?? null;
}

export class MediaSink {
  private readonly source: MediaSource;
  private readonly url: string;
  private readonly aborter = new AbortController();
  private buffer: SourceBuffer | null = null;
  private codecs = "";
  private queue: Item[] = [];
  private isClosed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly events: SinkEvents,
  ) {
    const source = mediaSourceClass();
    if (source === null) throw new Error("this browser has no Media Source Extensions");
    this.source = new source();
    this.url = URL.createObjectURL(this.source);
    const { signal } = this.aborter;
    this.source.addEventListener("sourceopen", () => this.pump(), { signal });
    this.video.addEventListener("error", () => this.fail(videoError(this.video)), { signal });
    this.video.disableRemotePlayback = true; // the managed Media Source opens only then
    this.video.src = this.url;
  }

  /** Whether the stream can go on in this sink with other parameters. */
  accepts(codecs: string): boolean {
    return this.codecs === "" || haveSameTracks(this.codecs, codecs);
  }

  init(codecs: string, data: Uint8Array<ArrayBuffer>): void {
    this.codecs = codecs;
    this.push({ kind: "init", codecs, data });
  }

  media(data: Uint8Array<ArrayBuffer>, timestampOffset: number): void {
    this.push({ kind: "media", data, timestampOffset });
  }

  /** Nothing waits to be appended. */
  get isIdle(): boolean {
    return this.queue.length === 0 && this.buffer?.updating !== true;
  }

  /** Seconds of media ahead of `time` without a hole; 0 when there is none at `time`. */
  ahead(time: number): number {
    const ranges = this.ranges();
    for (const [start, end] of ranges) if (start <= time + 0.02 && time < end) return end - time;
    return 0;
  }

  /** What is buffered, seconds, oldest first. */
  ranges(): [number, number][] {
    const buffered = this.buffer === null || this.isClosed ? null : this.buffer.buffered;
    if (buffered === null) return [];
    return Array.from({ length: buffered.length }, (_, at) => [
      buffered.start(at),
      buffered.end(at),
    ]);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.aborter.abort();
    this.queue = [];
    if (this.video.src === this.url) {
      this.video.removeAttribute("src");
      this.video.load();
    }
    URL.revokeObjectURL(this.url);
  }

  private push(item: Item): void {
    if (this.isClosed) return;
    this.queue.push(item);
    if (this.queue.length > MOST_QUEUED) this.fail("the browser does not take the stream any more");
    else this.pump();
  }

  private pump(): void {
    if (this.isClosed || this.source.readyState !== "open" || this.buffer?.updating) return;
    const item = this.queue[0];
    if (item === undefined) return;
    try {
      if (this.evict()) return;
      this.apply(item);
    } catch (error) {
      this.onAppendError(error);
    }
  }

  private apply(item: Item): void {
    if (item.kind === "init") {
      this.queue.shift();
      this.prepare(item.codecs).appendBuffer(item.data);
      return;
    }
    const buffer = this.buffer;
    if (buffer === null) throw new Error("media before its init segment");
    if (buffer.timestampOffset !== item.timestampOffset) {
      buffer.timestampOffset = item.timestampOffset;
    }
    const run = this.run(item.timestampOffset);
    buffer.appendBuffer(joined(run));
    this.queue.splice(0, run.length); // only now: an append that is refused is tried again
  }

  /** Parts that wait and belong together are appended at once: it costs the same as one. */
  private run(timestampOffset: number): Uint8Array<ArrayBuffer>[] {
    const run: Uint8Array<ArrayBuffer>[] = [];
    for (const item of this.queue) {
      if (item.kind !== "media" || item.timestampOffset !== timestampOffset) break;
      run.push(item.data);
    }
    return run;
  }

  private prepare(codecs: string): SourceBuffer {
    const mime = mimeType(codecs);
    if (this.buffer !== null) {
      this.buffer.changeType(mime);
      return this.buffer;
    }
    const buffer = this.source.addSourceBuffer(mime);
    buffer.mode = "segments";
    const { signal } = this.aborter;
    buffer.addEventListener("updateend", () => this.onUpdateEnd(), { signal });
    buffer.addEventListener("error", () => this.fail("the browser cannot read the stream"), {
      signal,
    });
    this.buffer = buffer;
    this.source.duration = Number.POSITIVE_INFINITY;
    return buffer;
  }

  private onUpdateEnd(): void {
    this.events.onAppended();
    this.pump();
  }

  /** Begins to remove what was played long ago; false when there is nothing to remove. */
  private evict(keepSeconds = KEEP_BEHIND_SECONDS, stepSeconds = EVICT_STEP_SECONDS): boolean {
    const first = this.ranges()[0];
    const until = this.video.currentTime - keepSeconds;
    if (this.buffer === null || first === undefined || first[0] > until - stepSeconds) return false;
    this.buffer.remove(0, until);
    return true;
  }

  private onAppendError(error: unknown): void {
    const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
    if (isFull && this.evict(1, 0.5)) return;
    this.fail(isFull ? "the browser's buffer is full" : String(error));
  }

  private fail(detail: string): void {
    if (!this.isClosed) this.events.onError(detail);
  }
}

function joined(chunks: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const only = chunks[0];
  if (chunks.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function videoError(video: HTMLVideoElement): string {
  return video.error?.message || `media error ${video.error?.code ?? 0}`;
}
