/**
 * One camera's live WebSocket that is always there: connects again after every kind of close, and
 * changes over to a new connection before the access of the old one ends.
 */

import { Backoff } from "./backoff";
import { type MediaMessage, type Notice, parseMedia, parseNotice } from "./protocol";
import { LinkError, type LinkSource, type Rendition } from "./types";

const CONNECT_MS = 10_000;
const SILENCE_MS = 10_000;
/** After the server said that it waits; it may say so only once. */
const WAITING_SILENCE_MS = 40_000;
/** A connection that delivered for so long counts as good. */
const GOOD_MS = 5_000;

const FAILURES_BEFORE_NEW_LINK = 3;

/** Close codes of the server. */
const ACCESS_ENDED = 4401;
const REASONS: Record<number, string> = {
  1006: "the connection was lost",
  1012: "the server restarts",
  1013: "the connection was too slow",
  4401: "access is being renewed",
  4429: "too many connections of this viewer",
  4503: "the server has as many viewers as it may",
  4504: "the camera has as many viewers as it may",
};
const LEAST_WAIT_SECONDS: Record<number, number> = { 4404: 10, 4429: 5, 4503: 5, 4504: 5 };

export interface SocketEvents {
  onMedia(message: MediaMessage): void;
  onNotice(notice: Notice): void;
  onConnecting(): void;
  /** `retryAtMs`: Unix milliseconds of the next attempt. */
  onLost(detail: string, retryAtMs: number): void;
  /** Access is denied for good. */
  onDenied(detail: string): void;
}

interface Connection {
  socket: WebSocket;
  openedAt: number;
  heardAt: number;
  hasMedia: boolean;
  isWaiting: boolean;
}

export class LiveSocket {
  private current: Connection | null = null;
  /** The connection that takes over when its first media comes. */
  private successor: Connection | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly watchdog: ReturnType<typeof setInterval>;
  private readonly aborter = new AbortController();
  private readonly backoff = new Backoff();
  private readonly forgetLinks: () => void;
  /** Times in a row that access was refused, and that no media came. */
  private refusals = 0;
  private failures = 0;
  private attempt = 0;
  private isClosed = false;

  constructor(
    private readonly camera: string,
    private readonly rendition: Rendition,
    private readonly links: LinkSource,
    private readonly events: SocketEvents,
  ) {
    this.watchdog = setInterval(() => this.checkSilence(), 1000);
    this.forgetLinks = links.onRenewed(camera, () => this.prepareSuccessor());
    const { signal } = this.aborter;
    window.addEventListener("online", () => this.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry(), {
      signal,
    });
    void this.connect();
  }

  /** Drops the connection and makes a new one, because what came cannot be used. */
  reconnect(detail: string, atLeastSeconds = 0): void {
    this.drop(this.current);
    this.drop(this.successor);
    this.lost(detail, atLeastSeconds);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.watchdog);
    this.forgetLinks();
    this.aborter.abort();
    this.drop(this.current);
    this.drop(this.successor);
  }

  private async connect(): Promise<void> {
    this.retryTimer = undefined;
    this.attempt += 1;
    const attempt = this.attempt;
    this.events.onConnecting();
    // a proxy in front may turn a refusal into a plain failure
    const isRefused = this.refusals > 0 || this.failures >= FAILURES_BEFORE_NEW_LINK;
    try {
      const link = isRefused ? this.links.refused(this.camera) : this.links.get(this.camera);
      const { websocket } = await link;
      if (!this.isClosed && attempt === this.attempt) this.current = this.open(websocket);
    } catch (error) {
      if (attempt === this.attempt) this.onLinkError(error);
    }
  }

  private onLinkError(error: unknown): void {
    if (this.isClosed) return;
    const detail = error instanceof Error ? error.message : String(error);
    if (error instanceof LinkError && error.options.final) this.events.onDenied(detail);
    else this.lost(detail, error instanceof LinkError ? (error.options.retryAfterSeconds ?? 0) : 0);
  }

  private prepareSuccessor(): void {
    if (this.isClosed || !this.current?.hasMedia || this.successor !== null) return;
    this.links
      .get(this.camera)
      .then(({ websocket }) => {
        if (!this.isClosed && this.successor === null) this.successor = this.open(websocket);
      })
      .catch(() => undefined); // the old connection goes on, and says when it ends
  }

  private open(address: string): Connection {
    const url = new URL(address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("rendition", this.rendition);
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const now = performance.now();
    const connection = { socket, openedAt: now, heardAt: now, hasMedia: false, isWaiting: false };
    socket.onmessage = (event: MessageEvent) => this.onMessage(connection, event.data);
    socket.onclose = (event) => this.onClose(connection, event.code, event.reason);
    return connection;
  }

  private onMessage(connection: Connection, data: unknown): void {
    connection.heardAt = performance.now();
    try {
      if (data instanceof ArrayBuffer) this.onMedia(connection, data);
      else this.onText(connection, String(data));
    } catch (error) {
      this.reconnect(`the server sent what cannot be read: ${error}`);
    }
  }

  private onMedia(connection: Connection, data: ArrayBuffer): void {
    const message = parseMedia(data);
    if (message === null) return;
    connection.hasMedia = true;
    connection.isWaiting = false;
    this.refusals = 0;
    this.failures = 0;
    if (connection === this.successor) this.takeOver(connection);
    if (performance.now() - connection.openedAt > GOOD_MS) this.backoff.reset();
    this.events.onMedia(message);
  }

  private onText(connection: Connection, text: string): void {
    const notice = parseNotice(text);
    if (notice === null) return;
    if (notice.type === "waiting") connection.isWaiting = true;
    if (connection === this.current) this.events.onNotice(notice);
  }

  private takeOver(connection: Connection): void {
    const old = this.current;
    this.current = connection;
    this.successor = null;
    this.drop(old);
  }

  private onClose(connection: Connection, code: number, reason: string): void {
    if (connection === this.successor) {
      this.successor = null;
      return;
    }
    if (connection !== this.current) return;
    this.current = null;
    const detail = reason || REASONS[code] || `the connection was closed (${code})`;
    if (code === ACCESS_ENDED) this.refusals += 1;
    if (code === ACCESS_ENDED && this.refusals === 1) void this.connect();
    else this.lost(detail, LEAST_WAIT_SECONDS[code] ?? 0);
  }

  private lost(detail: string, atLeastSeconds: number): void {
    if (this.isClosed) return;
    clearTimeout(this.retryTimer);
    this.attempt += 1; // one that is under way does not count any more
    this.failures += 1;
    const milliseconds = this.backoff.next(atLeastSeconds) * 1000;
    this.events.onLost(detail, Date.now() + milliseconds);
    this.retryTimer = setTimeout(() => void this.connect(), milliseconds);
  }

  /** Somebody is there again: no more waiting for the next attempt. */
  private hurry(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    void this.connect();
  }

  private checkSilence(): void {
    const connection = this.current;
    if (connection === null) return;
    const silence = performance.now() - connection.heardAt;
    const isOpen = connection.socket.readyState === WebSocket.OPEN;
    if (!isOpen && silence > CONNECT_MS) this.reconnect("the server does not answer");
    else if (isOpen && silence > (connection.isWaiting ? WAITING_SILENCE_MS : SILENCE_MS)) {
      this.reconnect("nothing came for a while");
    }
  }

  private drop(connection: Connection | null): void {
    if (connection === null) return;
    connection.socket.onmessage = null;
    connection.socket.onclose = null;
    connection.socket.close();
    if (connection === this.current) this.current = null;
    if (connection === this.successor) this.successor = null;
  }
}
