/**
 * Keeps the session going: its access cookie lasts minutes, the refresh cookie renews it.
 *
 * Pictures, playlists and events are fetched by the browser itself, with the cookie and without a
 * second try, so the cookie is renewed before it ends, and not only when a request was refused.
 */

const LOCK = "everframe.session";
const TIMEOUT_MS = 15_000;
const RENEW_MS = 5 * 60_000;
const ENDED = new Set([401, 403]);

/** `ended`: only signing in again helps; `away`: the server could not say, so ask again later. */
export type Renewal = "renewed" | "ended" | "away";

let running: Promise<Renewal> | null = null;
let generation = 0;
let renewedAt = Date.now();

/** Counts renewals; a request that began before the last one may simply be sent again. */
export function sessionGeneration(): number {
  return generation;
}

/** Renews the session, one renewal at a time; never rejects. */
export function renew(): Promise<Renewal> {
  running ??= alone(post).finally(() => {
    running = null;
  });
  return running;
}

/** Renews the session; false when it has ended or the server is away. */
export async function renewSession(): Promise<boolean> {
  return (await renew()) === "renewed";
}

/** Renews the session where that is due; called now and then while the page is open. */
export async function renewIfDue(now = Date.now()): Promise<void> {
  if (Math.abs(now - renewedAt) >= RENEW_MS) await renew();
}

/** Tabs take turns, so that none sends a refresh cookie that another has just replaced. */
async function alone(work: () => Promise<Renewal>): Promise<Renewal> {
  // Browsers offer locks only over TLS or on this machine; the server forgives a short overlap.
  const locks: LockManager | null | undefined = globalThis.navigator?.locks;
  return locks ? locks.request(LOCK, work) : work();
}

async function post(): Promise<Renewal> {
  try {
    const answer = await fetch("/api/v1/session/refresh", {
      method: "POST",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) return ENDED.has(answer.status) ? "ended" : "away";
    generation += 1;
    renewedAt = Date.now();
    return "renewed";
  } catch {
    return "away";
  }
}
