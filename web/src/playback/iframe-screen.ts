/**
 * Shows single keyframes of one camera in a video element: while scrubbing, and where playing is
 * faster than the browser decodes.
 *
 * Each picture is put behind the last one on the element's own timeline, whatever its time is. A
 * lone keyframe is drawn only once the source has ended, because decoders hold pictures back until
 * more comes; appending opens it again.
 */

import { messageOf } from "../api/errors";
import { mimeType } from "../player/codecs";
import { IframePictures, type Loaded } from "./iframe-pictures";
import type { Picture } from "./iframe-playlist";
import { codecOfInit } from "./init-codec";
import { Latest } from "./latest";

/** Room on the element's timeline per picture, seconds; longer than any keyframe is shown. */
const SLOT_SECONDS = 100;
const KEPT_SLOTS = 3;
const DRAW_MS = 3000;

export interface IframeEvents {
  /** A picture is shown, or (null) there is none for the moment that was asked for. */
  onShown(picture: Picture | null, wallMs: number): void;
  onError(detail: string): void;
}

export class IframeScreen {
  readonly video = document.createElement("video");
  private readonly pictures: IframePictures;
  private readonly latest: Latest<number>;
  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private init: Uint8Array | null = null;
  private shown: Picture | null = null;
  private slot = 0;

  constructor(
    camera: string,
    private readonly events: IframeEvents,
  ) {
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.disableRemotePlayback = true;
    this.pictures = new IframePictures(camera);
    this.latest = new Latest(
      (wallMs) => this.draw(wallMs),
      (error) => this.onError(error),
    );
  }

  /** The picture of a moment is wanted; an earlier wish that is not fulfilled yet is forgotten. */
  show(wallMs: number): void {
    this.latest.push(wallMs);
  }

  rest(): void {
    this.latest.clear();
  }

  close(): void {
    this.latest.close();
    this.pictures.close();
    this.dropSource();
  }

  private async draw(wallMs: number): Promise<void> {
    const picture = await this.pictures.find(wallMs);
    if (picture === null || picture === this.shown) {
      this.events.onShown(picture, wallMs);
      return;
    }
    await this.append(await this.pictures.load(picture));
    this.shown = picture;
    this.events.onShown(picture, wallMs);
  }

  private async append({ init, bytes }: Loaded): Promise<void> {
    const buffer = await this.bufferFor(init);
    this.slot += 1;
    const at = this.slot * SLOT_SECONDS;
    if (this.init !== init) {
      await updated(buffer, () => buffer.appendBuffer(init.slice()));
      this.init = init;
    }
    const oldest = at - KEPT_SLOTS * SLOT_SECONDS;
    if (oldest > 0) await updated(buffer, () => buffer.remove(0, oldest));
    await updated(buffer, () => {
      buffer.timestampOffset = at;
      buffer.appendBuffer(bytes.slice());
    });
    if (this.source?.readyState === "open") this.source.endOfStream();
    this.video.currentTime = startOfLast(buffer, at);
    await drawn(this.video);
  }

  private async bufferFor(init: Uint8Array): Promise<SourceBuffer> {
    if (this.init === init && this.buffer !== null) return this.buffer;
    const codec = codecOfInit(init);
    const mime = codec === null ? null : mimeType(codec);
    if (mime === null || !MediaSource.isTypeSupported(mime)) throw new Error(UNDECODABLE);
    if (this.buffer !== null && this.source?.readyState !== "closed") {
      this.buffer.changeType(mime);
      return this.buffer;
    }
    const source = await this.openSource();
    const buffer = source.addSourceBuffer(mime);
    buffer.mode = "sequence"; // pictures are placed by us, not by their own times
    this.buffer = buffer;
    return buffer;
  }

  private async openSource(): Promise<MediaSource> {
    this.dropSource();
    const source = new MediaSource();
    this.source = source;
    const url = URL.createObjectURL(source);
    this.video.src = url;
    await happened(source, "sourceopen", DRAW_MS);
    URL.revokeObjectURL(url);
    return source;
  }

  private dropSource(): void {
    this.source = null;
    this.buffer = null;
    this.init = null;
    this.shown = null;
    this.slot = 0;
    this.video.removeAttribute("src");
    this.video.load();
  }

  private onError(error: unknown): void {
    this.dropSource();
    this.pictures.forget();
    const isOurs = error instanceof Error && error.message === UNDECODABLE;
    this.events.onError(isOurs ? UNDECODABLE : messageOf(error));
  }
}

const UNDECODABLE = "This browser cannot decode what the camera sends.";

function startOfLast(buffer: SourceBuffer, otherwise: number): number {
  const { buffered } = buffer;
  return buffered.length === 0 ? otherwise : buffered.start(buffered.length - 1) + 0.001;
}

async function updated(buffer: SourceBuffer, change: () => void): Promise<void> {
  const done = happened(buffer, "updateend", DRAW_MS);
  change();
  await done;
}

/** A picture that does not come in time is passed over: the next one is due. */
async function drawn(video: HTMLVideoElement): Promise<void> {
  if (video.seeking) await happened(video, "seeked", DRAW_MS);
}

function happened(target: EventTarget, name: string, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name}`)), withinMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    target.addEventListener(name, done, { once: true });
  });
}
