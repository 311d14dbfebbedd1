/** Live players: one interface, two transports. */

import { type Begin, Player } from "./player";
import { ServerClock } from "./server-clock";
import { beginSocketSession } from "./socket-session";
import type { LiveAccess, LivePlayer, PlayerOptions, Transport } from "./types";

export { SessionAccess } from "./access";
export { mediaSourceClass } from "./media-sink";
export { ServerClock } from "./server-clock";
export * from "./types";

/** Returns a player that finds its streams by `access`; several may share a clock. */
export function createPlayer(
  transport: Transport,
  access: LiveAccess,
  clock = new ServerClock(),
  options: PlayerOptions = {},
): LivePlayer {
  const load = transport === "websocket" ? () => beginSocketSession : loadHlsSession;
  return new Player(transport, load, { access, clock, options });
}

/** hls.js is as large as all the rest of a page: loaded when it is needed first. */
async function loadHlsSession(): Promise<Begin> {
  return (await import("./hls-session")).beginHlsSession;
}
