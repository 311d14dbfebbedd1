/** What all tiles play with. */

import { renewSession } from "../api/refresh";
import { ServerClock, SessionAccess } from "../player";

export const access = new SessionAccess(renewSession);
export const clock = new ServerClock();
