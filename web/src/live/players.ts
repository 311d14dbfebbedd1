/** What all tiles play with. */

import { renew } from "../api/refresh";
import { ServerClock, SessionAccess } from "../player";

export const access = new SessionAccess(async () => {
  const renewal = await renew();
  if (renewal === "away") throw new Error("the session could not be renewed now");
  return renewal === "renewed";
});
export const clock = new ServerClock();
