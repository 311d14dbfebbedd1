/** Live players: one interface, two transports. */

import { HlsPlayer } from "./hls-player";
import { ServerClock } from "./server-clock";
import { SocketPlayer } from "./socket-player";
import type { LinkSource, LivePlayer, Transport } from "./types";

export { mediaSourceClass } from "./media-sink";
export { ServerClock } from "./server-clock";
export * from "./types";

export function createPlayer(
  transport: Transport,
  links: LinkSource,
  clock = new ServerClock(),
): LivePlayer {
  return transport === "websocket" ? new SocketPlayer(links, clock) : new HlsPlayer(links, clock);
}
