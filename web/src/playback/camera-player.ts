/**
 * One camera on the page's clock: a deck that plays, another that gets the next piece ready, and
 * a screen of single pictures over them.
 */

import { type Chunk, ChunkGrid, contains, leadMs } from "./chunks";
import type { Deck } from "./deck";
import { Growth } from "./growth";
import { IframeScreen } from "./iframe-screen";
import { isFarOff, steer } from "./steering";

export interface Wish {
  readonly wallMs: number;
  readonly isRunning: boolean;
  /** Standing still at somebody's wish. */
  readonly isExact: boolean;
  readonly rate: number;
  readonly isLeader: boolean;
  /** Whether the camera has footage at this moment; null: the timeline does not know yet. */
  readonly hasFootage: boolean | null;
  /** Where its footage goes on from a moment, that one included; null where none is known. */
  nextFrom(ms: number): number | null;
  /** Single pictures instead of video. */
  readonly isPicturesOnly: boolean;
}

export type ScreenState =
  | { readonly kind: "loading" }
  | { readonly kind: "showing" }
  /** No footage at this moment. */
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly detail: string };

export interface Report {
  readonly screen: ScreenState;
  /** The moment of the picture, where it may lead the clock. */
  readonly wallMs: number | null;
  /** Where the playlist says that it goes on, although the timeline has footage here. */
  readonly holeUntilMs: number | null;
  /** The clock should wait for this camera. */
  readonly isLate: boolean;
}

/** What was found out about a moment holds so far from it. */
const NEAR_MS = 5_000;

type DeckClass = typeof Deck;

export class CameraPlayer {
  readonly element = document.createElement("div");
  readonly growth = new Growth();
  private readonly grid = new ChunkGrid();
  private readonly iframes: IframeScreen;
  private deckClass: DeckClass | null = null;
  private current: Deck | null = null;
  private next: Deck | null = null;
  private picturesError: string | null = null;
  private pictureMs: number | null = null;
  /** A moment for which there is no picture. */
  private missingMs: number | null = null;
  private isClosed = false;
  private isMuted = true;

  constructor(
    readonly camera: string,
    loadDeck: () => Promise<{ Deck: DeckClass }> = () => import("./deck"),
  ) {
    this.iframes = new IframeScreen(camera, {
      onShown: (picture, wallMs) => {
        this.picturesError = null;
        this.missingMs = picture === null ? wallMs : null;
        this.pictureMs = picture?.wallMs ?? this.pictureMs;
      },
      onError: (detail) => {
        this.picturesError = detail;
      },
    });
    this.iframes.video.dataset.layer = "pictures";
    this.showLayer("video");
    this.element.append(this.iframes.video);
    loadDeck().then(
      (module) => {
        this.deckClass = module.Deck;
      },
      () => {
        this.picturesError = "The player could not be loaded. Load the page again.";
      },
    );
  }

  /** Called for every frame. */
  frame(wish: Wish): Report {
    if (wish.isPicturesOnly) {
      if (this.pictureMs !== null) this.showLayer("pictures");
      return this.framePictures(wish);
    }
    this.iframes.rest();
    const report = this.frameVideo(wish);
    // until the video has got to where it was scrubbed to, the picture stays
    if (report.screen.kind !== "loading") {
      this.showLayer("video");
      this.pictureMs = null;
    }
    return report;
  }

  /** The moment in the middle of the next or the previous frame; null where it is not known. */
  stepped(direction: 1 | -1): number | null {
    return this.current?.stepped(direction) ?? null;
  }

  set muted(isMuted: boolean) {
    this.isMuted = isMuted;
    for (const deck of [this.current, this.next]) if (deck) deck.video.muted = isMuted;
  }

  /** Tries again at once what failed. */
  retry(wallMs: number): void {
    this.picturesError = null;
    this.current?.retry(wallMs);
  }

  close(): void {
    this.isClosed = true;
    this.iframes.close();
    this.drop(this.current);
    this.drop(this.next);
    this.current = null;
    this.next = null;
    this.element.remove();
  }

  private framePictures({ wallMs, hasFootage }: Wish): Report {
    this.current?.video.pause();
    // where the timeline does not know, the playlist of pictures does
    if (hasFootage !== false) this.iframes.show(wallMs);
    const screen = hasFootage !== false ? this.picturesState(wallMs) : without(hasFootage);
    return { screen, wallMs: null, holeUntilMs: null, isLate: false };
  }

  private picturesState(wallMs: number): ScreenState {
    if (this.missingMs !== null && Math.abs(this.missingMs - wallMs) < NEAR_MS) {
      return { kind: "none" };
    }
    if (this.picturesError !== null) return { kind: "failed", detail: this.picturesError };
    return { kind: this.pictureMs === null ? "loading" : "showing" };
  }

  private frameVideo(wish: Wish): Report {
    const deck = this.deckFor(wish);
    this.prepare(wish);
    if (deck === null) {
      const screen = without(wish.hasFootage);
      return { screen, wallMs: null, holeUntilMs: null, isLate: wish.hasFootage === true };
    }
    const place = deck.place(wish.wallMs);
    if (place === null) return this.reportWithout(deck, wish);
    const { mediaTime, isSeeking, sinceSeekMs } = deck;
    const { isRunning, isExact, rate, isLeader } = wish;
    deck.follow(
      steer({ place, mediaTime, isSeeking, sinceSeekMs, isRunning, isExact, rate, isLeader }),
    );
    if (place.kind === "hole") return reportHole(deck, place.next?.wallMs ?? null, wish);
    const isAtPlace = !deck.isSeeking && !isFarOff(mediaTime - place.mediaTime, rate);
    const isShowing = isAtPlace && deck.hasPicture;
    return {
      screen: screenOf(deck, isShowing),
      wallMs: isAtPlace && deck.canPlay ? deck.wallMs : null,
      holeUntilMs: null,
      isLate: !isAtPlace || !deck.canPlay,
    };
  }

  private reportWithout(deck: Deck, { hasFootage }: Wish): Report {
    const { state } = deck;
    deck.video.pause();
    const isHopeless = state.kind === "failed" || state.kind === "empty";
    const isLate = hasFootage === true && !isHopeless;
    return { screen: waitingScreen(deck, hasFootage), wallMs: null, holeUntilMs: null, isLate };
  }

  /** The deck whose piece the moment lies in; none where the camera has nothing to show. */
  private deckFor(wish: Wish): Deck | null {
    const { wallMs } = wish;
    if (this.current?.state.kind === "too-long" && this.grid.shorten()) this.dropDecks();
    if (this.current !== null && contains(this.current.source.chunk, wallMs)) return this.current;
    if (this.next !== null && contains(this.next.source.chunk, wallMs)) {
      this.drop(this.current);
      this.current = this.next;
      this.next = null;
      this.showDecks();
      return this.current;
    }
    if (!wish.hasFootage || this.deckClass === null) return null;
    this.dropDecks();
    this.current = this.open(this.grid.at(wallMs), wallMs);
    this.showDecks();
    return this.current;
  }

  /** Gets the piece ready that comes next. */
  private prepare({ wallMs, rate, nextFrom, isRunning }: Wish): void {
    const end = this.current?.source.chunk.endMs;
    if (!isRunning || this.next !== null || this.current === null || end === undefined) return;
    if (end - wallMs > leadMs(rate) || this.current.state.kind !== "ready") return;
    const startMs = nextFrom(end);
    if (startMs === null || startMs - end >= leadMs(rate)) return;
    this.next = this.open(this.grid.at(startMs), startMs);
    this.showDecks();
  }

  private open(chunk: Chunk, startMs: number): Deck | null {
    if (this.deckClass === null || this.isClosed) return null;
    const video = document.createElement("video");
    video.muted = this.isMuted;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.preservesPitch = true;
    this.element.prepend(video);
    const { camera, growth } = this;
    return new this.deckClass(video, { camera, chunk, startMs, growth });
  }

  private showDecks(): void {
    if (this.current !== null) this.current.video.dataset.layer = "current";
    if (this.next !== null) this.next.video.dataset.layer = "next";
  }

  private showLayer(layer: "pictures" | "video"): void {
    if (this.element.dataset.shown !== layer) this.element.dataset.shown = layer;
  }

  private dropDecks(): void {
    this.drop(this.current);
    this.drop(this.next);
    this.current = null;
    this.next = null;
  }

  private drop(deck: Deck | null): void {
    deck?.close();
    deck?.video.remove();
  }
}

/** A growing playlist may be behind the timeline for a moment. */
function reportHole(deck: Deck, holeUntilMs: number | null, { hasFootage }: Wish): Report {
  const isLate = hasFootage === true && holeUntilMs === null && deck.isGrowing;
  const screen: ScreenState = { kind: isLate ? "loading" : "none" };
  return { screen, wallMs: null, holeUntilMs, isLate };
}

function screenOf(deck: Deck, isShowing: boolean): ScreenState {
  return isShowing ? { kind: "showing" } : waitingScreen(deck, true);
}

/** What to show while nothing of a deck can be shown. */
function waitingScreen({ state }: Deck, hasFootage: boolean | null): ScreenState {
  if (hasFootage !== true) return without(hasFootage);
  if (state.kind === "failed" || state.kind === "waiting") {
    return { kind: "failed", detail: state.detail };
  }
  return { kind: state.kind === "empty" ? "none" : "loading" };
}

function without(hasFootage: boolean | null): ScreenState {
  return { kind: hasFootage === false ? "none" : "loading" };
}
