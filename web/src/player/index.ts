/** Live players: one interface, two transports. */

import { HlsPlayer } from "./hls-player";
import { ServerClock } from "./server-clock";
import { SocketPlayer } from "./socket-player";
import type { LinkSource, LivePlayer, PlayerOptions, Transport } from "./types";

export { mediaSourceClass } from "./media-sink";
export { ServerClock } from "./server-clock";
export * from "./types";

export function createPlayer(
  transport: Transport,
  links: LinkSource,
  clock = new ServerClock(),
  options: PlayerOptions = {},
): LivePlayer {
  const kind = transport === "websocket" ? SocketPlayer : HlsPlayer;
  return new kind(links, clock, options);
}
