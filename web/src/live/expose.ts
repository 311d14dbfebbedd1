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
    everframe?: { players: ExposedPlayer[] };
  }
}

/** Adds a player for as long as it plays something; returns what takes it away again. */
export function expose(player: LivePlayer, camera: string, rendition: Rendition): () => void {
  const exposed: ExposedPlayer = {
    camera,
    rendition,
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
  window.everframe ??= { players: [] };
  const { everframe } = window;
  everframe.players.push(exposed);
  return () => {
    everframe.players = everframe.players.filter((other) => other !== exposed);
  };
}
