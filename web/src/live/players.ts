/** What the tiles play with: shared by all of them, and another in tests. */

import { createContext, useContext } from "react";
import { renewSession } from "../api/refresh";
import { createPlayer, type LiveAccess, ServerClock, SessionAccess } from "../player";

export interface Players {
  access: LiveAccess;
  clock: ServerClock;
  create: typeof createPlayer;
}

export const PlayersContext = createContext<Players>({
  access: new SessionAccess(renewSession),
  clock: new ServerClock(),
  create: createPlayer,
});

export const usePlayers = () => useContext(PlayersContext);
