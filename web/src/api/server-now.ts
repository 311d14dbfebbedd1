/** The server's time as this computer can know it: footage is timed by the server's clock. */

/** `Date` headers are whole seconds, and an answer takes its time. */
const EXPLAINED_MS = 2_500;

let aheadMs = 0;

/** Takes an answer's time; a clock that differs more than the way explains is corrected. */
export function observeServer(response: Response): void {
  const sentMs = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(sentMs)) return;
  const ahead = Date.now() - sentMs;
  aheadMs = Math.abs(ahead) > EXPLAINED_MS ? ahead : 0;
}

/** Unix milliseconds by the server's clock. */
export function serverNow(): number {
  return Date.now() - aheadMs;
}
