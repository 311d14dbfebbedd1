/**
 * The way to cameras' live streams: their addresses, and why the server refuses one.
 *
 * Access comes with the page's own cookies, so no address holds a secret.
 */

import { problemDetail } from "./problem";
import type { Answer, LiveAccess, Rendition, Transport } from "./types";

const ASK_MS = 10_000;
const DENIED = new Set([401, 403, 404]);

export class SessionAccess implements LiveAccess {
  private readonly listeners = new Set<() => void>();

  /**
   * `renew` prolongs the viewer's session; false where only signing in again would help. It rejects
   * where that is not known because the server is away.
   */
  constructor(private readonly renew: () => Promise<boolean>) {}

  address(camera: string, rendition: Rendition, transport: Transport): string {
    const file = transport === "websocket" ? "ws" : "master.m3u8";
    const path = `/api/v1/cameras/${encodeURIComponent(camera)}/live/${file}`;
    const url = new URL(path, location.href);
    if (transport === "websocket") url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("rendition", rendition);
    return url.href;
  }

  async ask(camera: string, rendition: Rendition): Promise<Answer> {
    try {
      const address = this.address(camera, rendition, "ll-hls");
      const response = await get(address);
      if (response.status !== 401) return await answerOf(response);
      await response.body?.cancel();
      if (!(await this.renew())) return { kind: "denied", detail: "you are signed out" };
      this.renewed();
      return await answerOf(await get(address));
    } catch {
      return { kind: "away", detail: "the server does not answer", retryAfterSeconds: 0 };
    }
  }

  /** Tells players that what was denied may be allowed now. */
  renewed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  onRenewed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function get(address: string): Promise<Response> {
  return fetch(address, { cache: "no-store", signal: AbortSignal.timeout(ASK_MS) });
}

async function answerOf(response: Response): Promise<Answer> {
  if (response.ok) {
    await response.body?.cancel();
    return { kind: "open" };
  }
  const detail = problemDetail(await response.text()) ?? `HTTP ${response.status}`;
  if (DENIED.has(response.status)) return { kind: "denied", detail };
  const retryAfterSeconds = Number(response.headers.get("Retry-After") ?? 0) || 0;
  return { kind: "away", detail, retryAfterSeconds };
}
