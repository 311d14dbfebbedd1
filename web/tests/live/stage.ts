/** Fake players and a viewport that the test scrolls, for tests of the Live page. */

import { act } from "@testing-library/react";
import { vi } from "vitest";
import type {
  LivePlayer,
  PlayerState,
  Rendition,
  StateListener,
  Transport,
} from "../../src/player";
import { newStats } from "../../src/player/playback";

export class FakePlayer implements LivePlayer {
  static all: FakePlayer[] = [];
  state: PlayerState = { kind: "idle" };
  stats = newStats();
  video: HTMLVideoElement | null = null;
  /** What it was told, in order. */
  told: string[] = [];
  private readonly listeners = new Set<StateListener>();

  constructor(
    readonly transport: Transport,
    readonly options: { margin?: number },
  ) {
    FakePlayer.all.push(this);
  }
  attach(video: HTMLVideoElement): void {
    this.video = video;
  }
  play(camera: string, rendition: Rendition): void {
    this.told.push(`${camera} ${rendition}`);
    this.become({ kind: "connecting" });
  }
  stop(): void {
    this.told.push("stop");
    this.become({ kind: "idle" });
  }
  onState(listener: StateListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  secondsBehindLive(): number | null {
    return this.state.kind === "live" ? 0.4 : null;
  }
  become(state: PlayerState): void {
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }
  get isPlaying(): boolean {
    return this.state.kind !== "idle";
  }
}

/** What plays now, as `camera rendition`. */
export const playing = (): string[] =>
  FakePlayer.all.filter((player) => player.isPlaying).map((player) => player.told.at(-1) ?? "");

type Observe = (entries: { isIntersecting: boolean }[]) => void;
const observed = new Map<Element, Observe>();

/** Everything is in the viewport at first. */
export function setStage(): void {
  FakePlayer.all = [];
  observed.clear();
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      private readonly elements: Element[] = [];
      constructor(private readonly tell: Observe) {}
      observe(element: Element): void {
        this.elements.push(element);
        observed.set(element, this.tell);
        this.tell([{ isIntersecting: true }]);
      }
      disconnect(): void {
        for (const element of this.elements) observed.delete(element);
      }
    },
  );
}

/** Scrolls a tile out of the viewport, or back. */
export function scroll(camera: string, isIntersecting: boolean): void {
  const tile = document.querySelector(`[data-camera="${camera}"]`);
  act(() => {
    if (tile !== null) observed.get(tile)?.([{ isIntersecting }]);
  });
}

/** Nobody watches a tile any more that has left the page. */
export const watchedTiles = (): number => observed.size;
