/** `window.everframe`: what tests and measurements read from the page. */

import type { LivePlayer, PlayerState, PlayerStats, Rendition } from "../player";

export interface ExposedPlayer {
  readonly camera: string;
  readonly rendition: Rendition;
  readonly transport: string;
  readonly video: HTMLVideoElement | null;
  readonly state: PlayerState;
  readonly stats: PlayerStats;
  readonly stalls: number;
  readonly errors: string[];
  secondsBehindLive(): number | null;
}

declare global {
  interface Window {
    everframe: { players: ExposedPlayer[] };
  }
}

window.everframe = { players: [] };

/** Adds a player; returns what takes it away again. */
export function expose(
  player: LivePlayer,
  what: () => { camera: string; rendition: Rendition },
): () => void {
  const exposed: ExposedPlayer = {
    get camera() {
      return what().camera;
    },
    get rendition() {
      return what().rendition;
    },
    transport: player.transport,
    get video() {
      return player.video;
    },
    get state() {
      return player.state;
    },
    get stats() {
      return player.stats;
    },
    get stalls() {
      return player.stats.stalls;
    },
    get errors() {
      return player.stats.errors;
    },
    secondsBehindLive: () => player.secondsBehindLive(),
  };
  window.everframe.players.push(exposed);
  return () => {
    window.everframe.players = window.everframe.players.filter((other) => other !== exposed);
  };
}
