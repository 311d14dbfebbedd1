/** WebSocket where it gets through, LL-HLS elsewhere; or what the viewer chose. */

import { useCallback, useState } from "react";
import { mediaSourceClass, type Transport } from "../player";

export interface TransportChoice {
  transport: Transport;
  /** LL-HLS was not chosen: WebSockets do not work here. */
  isFallback: boolean;
  /** A tile found that its transport does not work here. */
  onBlocked(): void;
}

export function useTransport(wish: "auto" | Transport): TransportChoice {
  const [isBlocked, setBlocked] = useState(() => mediaSourceClass() === null);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const automatic = isBlocked ? "ll-hls" : "websocket";
  return {
    transport: wish === "auto" ? automatic : wish,
    isFallback: wish === "auto" && isBlocked,
    onBlocked,
  };
}
