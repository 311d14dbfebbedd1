/** Live players: one interface, two transports. */

import { beginHlsSession } from "./hls-session";
import { Player } from "./player";
import { ServerClock } from "./server-clock";
import { beginSocketSession } from "./socket-session";
import type { LinkSource, LivePlayer, PlayerOptions, Transport } from "./types";

export { mediaSourceClass } from "./media-sink";
export { ServerClock } from "./server-clock";
export * from "./types";

/** Returns a player that gets access from `links`; several may share a clock. */
export function createPlayer(
  transport: Transport,
  links: LinkSource,
  clock = new ServerClock(),
  options: PlayerOptions = {},
): LivePlayer {
  const begin = transport === "websocket" ? beginSocketSession : beginHlsSession;
  return new Player(transport, begin, { links, clock, options });
}
