/**
 * Access to cameras' live streams: asks for links, renews them at half of their validity.
 *
 * The server also sets a cookie for the camera's addresses, and that is what same-origin players
 * use, so that no token stands in an address; where cookies do not work the token in the link is
 * used after all.
 */

import type { Api, LiveLinkView } from "./api";
import { ApiError } from "./api";
import { LinkError, type LinkSource, type LiveLink } from "./player";

const SOONEST_RENEWAL_MS = 5_000;
const RETRY_MS = 10_000;
/** A link refused sooner than this after it was made was not expired: the cookie is missing. */
const COOKIE_DOUBT_MS = 10_000;

interface Entry {
  /** Null: to be asked for. */
  link: Promise<LiveLinkView> | null;
  viewerId: string | null;
  madeAt: number;
  usesToken: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  listeners: Set<() => void>;
}

export class LiveLinks implements LinkSource {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly api: Pick<Api, "createLiveLink">,
    private readonly onUnauthorized: (error: ApiError) => void,
  ) {}

  async get(camera: string): Promise<LiveLink> {
    const entry = this.entry(camera);
    entry.link ??= this.first(camera, entry);
    const link = await entry.link;
    return playable(link, entry.usesToken);
  }

  refused(camera: string): Promise<LiveLink> {
    const entry = this.entry(camera);
    if (Date.now() - entry.madeAt < COOKIE_DOUBT_MS) entry.usesToken = true;
    entry.link = null;
    return this.get(camera);
  }

  /** Access is kept alive while anybody listens. */
  onRenewed(camera: string, listener: () => void): () => void {
    const entry = this.entry(camera);
    entry.listeners.add(listener);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0) return;
      clearTimeout(entry.timer);
      if (this.entries.get(camera) === entry) this.entries.delete(camera);
    };
  }

  private entry(camera: string): Entry {
    let entry = this.entries.get(camera);
    if (entry === undefined) {
      const usual = { link: null, viewerId: null, madeAt: 0, usesToken: false, timer: undefined };
      entry = { ...usual, listeners: new Set() };
      this.entries.set(camera, entry);
    }
    return entry;
  }

  private async first(camera: string, entry: Entry): Promise<LiveLinkView> {
    try {
      const link = await this.ask(camera, entry);
      this.schedule(camera, entry, renewalDelayMs(link, Date.now()));
      return link;
    } catch (error) {
      entry.link = null; // who asks next tries again
      throw error;
    }
  }

  private schedule(camera: string, entry: Entry, delayMs: number): void {
    clearTimeout(entry.timer);
    if (this.entries.get(camera) !== entry || entry.listeners.size === 0) return;
    entry.timer = setTimeout(() => void this.renewInBackground(camera, entry), delayMs);
  }

  /** The link in use stays until there is the new one. */
  private async renewInBackground(camera: string, entry: Entry): Promise<void> {
    try {
      const link = await this.ask(camera, entry);
      entry.link = Promise.resolve(link);
      this.schedule(camera, entry, renewalDelayMs(link, Date.now()));
      for (const listener of [...entry.listeners]) listener();
    } catch {
      this.schedule(camera, entry, RETRY_MS);
    }
  }

  private async ask(camera: string, entry: Entry): Promise<LiveLinkView> {
    try {
      const body = entry.viewerId === null ? {} : { viewer_id: entry.viewerId };
      const link = await this.api.createLiveLink(camera, body);
      entry.viewerId = link.viewer_id;
      entry.madeAt = Date.now();
      return link;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isUnauthorized) this.onUnauthorized(error);
      const final = error.isUnauthorized || error.status === 404 || error.status === 422;
      throw new LinkError(error.message, { final, retryAfterSeconds: error.retryAfterSeconds });
    }
  }
}

/** Half of what is left, by the server's own times as far as the local clock is right. */
export function renewalDelayMs(link: { expires_at: string }, nowMs: number): number {
  const left = Date.parse(link.expires_at) - nowMs;
  return Math.max(SOONEST_RENEWAL_MS, (Number.isFinite(left) ? left : 0) / 2);
}

function playable(link: LiveLinkView, usesToken: boolean): LiveLink {
  const address = (text: string) => (usesToken ? text : withoutToken(text, location.href));
  return {
    hls: address(link.hls),
    websocket: address(link.websocket),
    snapshot: address(link.snapshot),
    renditions: link.renditions,
  };
}

/** The address without its token where the cookie is sent along, that is on the page's origin. */
export function withoutToken(text: string, page: string): string {
  const url = new URL(text, page);
  if (url.host !== new URL(page).host) return text;
  url.searchParams.delete("token");
  return url.href;
}
