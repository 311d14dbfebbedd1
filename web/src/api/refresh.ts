/**
 * Keeps the session going: its access cookie lasts minutes, the refresh cookie renews it.
 *
 * Pictures, playlists and events are fetched by the browser itself, with the cookie and without a
 * second try, so the cookie is renewed before it ends, and not only when a request was refused.
 */

const LOCK = "everframe.session";
const TIMEOUT_MS = 15_000;
const RENEW_MS = 5 * 60_000;

let running: Promise<boolean> | null = null;
let generation = 0;
let renewedAt = Date.now();

/** Counts renewals; a request that began before the last one may simply be sent again. */
export function sessionGeneration(): number {
  return generation;
}

/** Renews the session; false when it has ended or the server is away. One at a time. */
export function renewSession(): Promise<boolean> {
  running ??= alone(post).finally(() => {
    running = null;
  });
  return running;
}

/** Renews the session where that is due; called now and then while the page is open. */
export async function renewIfDue(now = Date.now()): Promise<void> {
  if (Math.abs(now - renewedAt) >= RENEW_MS) await renewSession();
}

/** Tabs take turns, so that none sends a refresh cookie that another has just replaced. */
async function alone(work: () => Promise<boolean>): Promise<boolean> {
  // Browsers offer locks only over TLS or on this machine; the server forgives a short overlap.
  const locks: LockManager | null | undefined = globalThis.navigator?.locks;
  return locks ? locks.request(LOCK, work) : work();
}

async function post(): Promise<boolean> {
  try {
    const answer = await fetch("/api/v1/session/refresh", {
      method: "POST",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.ok) {
      generation += 1;
      renewedAt = Date.now();
    }
    return answer.ok;
  } catch {
    return false;
  }
}
