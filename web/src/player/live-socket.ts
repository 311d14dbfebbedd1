/** One camera's live WebSocket that is always there: it connects again after every kind of close. */

import { Backoff } from "./backoff";
import { type MediaMessage, type Notice, parseMedia, parseNotice } from "./protocol";
import { DENIED_RETRY_SECONDS, type LiveAccess, type Rendition } from "./types";

const CONNECT_MS = 10_000;
const SILENCE_MS = 10_000;
/** After the server said that it waits; it may say so only once. */
const WAITING_SILENCE_MS = 40_000;
/** A connection that delivered for so long counts as good. */
const GOOD_MS = 5_000;
/** So many connections in a row fail although the server would serve: something keeps them out. */
const BLOCKED_AFTER = 3;
const BLOCKED_RETRY_SECONDS = 60;

const ACCESS_ENDED = 4401;
/** What a browser says of every connection that just ended, or never was. */
const CONNECTION_LOST = 1006;
/** Close codes of the server. */
const REASONS: Record<number, string> = {
  [CONNECTION_LOST]: "the connection was lost",
  1012: "the server restarts",
  1013: "the connection was too slow",
  4401: "access has ended",
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
  /** The server does not let the viewer in; it is asked again later. */
  onDenied(detail: string): void;
  /** The server answers, but WebSockets do not get through to it. */
  onBlocked(detail: string): void;
}

export interface SocketTarget {
  camera: string;
  rendition: Rendition;
  access: LiveAccess;
}

interface Connection {
  socket: WebSocket;
  openedAt: number;
  heardAt: number;
  hasSpoken: boolean;
  isWaiting: boolean;
}

export class LiveSocket {
  private current: Connection | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly watchdog: ReturnType<typeof setInterval>;
  private readonly aborter = new AbortController();
  private readonly backoff = new Backoff();
  private readonly forgetAccess: () => void;
  /** Times in a row that access had ended, and that a connection failed for no reason. */
  private refusals = 0;
  private blocked = 0;
  private attempt = 0;
  private isClosed = false;

  constructor(
    private readonly target: SocketTarget,
    private readonly events: SocketEvents,
  ) {
    this.watchdog = setInterval(() => this.checkSilence(), 1000);
    this.forgetAccess = target.access.onRenewed(() => this.hurry());
    const { signal } = this.aborter;
    window.addEventListener("online", () => this.hurry(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry(), {
      signal,
    });
    this.connect();
  }

  /** Drops the connection and makes a new one, because what came cannot be used. */
  reconnect(detail: string, atLeastSeconds = 0): void {
    this.drop();
    this.lost(detail, atLeastSeconds);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.watchdog);
    this.forgetAccess();
    this.aborter.abort();
    this.drop();
  }

  private connect(): void {
    this.retryTimer = undefined;
    this.attempt += 1;
    this.events.onConnecting();
    this.current = this.open();
  }

  /** Browsers do not tell why a connection was refused; the server does when it is asked. */
  private async askWhy(detail: string): Promise<void> {
    this.attempt += 1;
    const { attempt, target } = this;
    const answer = await target.access.ask(target.camera, target.rendition);
    if (this.isClosed || attempt !== this.attempt) return;
    if (answer.kind === "away") this.lost(answer.detail, answer.retryAfterSeconds);
    else if (answer.kind === "denied") this.deny(answer.detail);
    else this.noteBlocked(detail);
  }

  private deny(detail: string): void {
    this.retryAfter(DENIED_RETRY_SECONDS);
    this.events.onDenied(detail);
  }

  private noteBlocked(detail: string): void {
    this.blocked += 1;
    if (this.blocked < BLOCKED_AFTER) {
      this.lost(detail, 0);
      return;
    }
    this.retryAfter(BLOCKED_RETRY_SECONDS);
    this.events.onBlocked("WebSockets do not get through to the server; choose LL-HLS");
  }

  private open(): Connection {
    const { camera, rendition, access } = this.target;
    const socket = new WebSocket(access.address(camera, rendition, "websocket"));
    socket.binaryType = "arraybuffer";
    const now = performance.now();
    const flags = { hasSpoken: false, isWaiting: false };
    const connection = { socket, openedAt: now, heardAt: now, ...flags };
    socket.onmessage = (event: MessageEvent) => this.onMessage(connection, event.data);
    socket.onclose = (event) => this.onClose(connection, event.code, event.reason);
    return connection;
  }

  private onMessage(connection: Connection, data: unknown): void {
    connection.heardAt = performance.now();
    connection.hasSpoken = true;
    this.blocked = 0;
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
    connection.isWaiting = false;
    this.refusals = 0;
    if (performance.now() - connection.openedAt > GOOD_MS) this.backoff.reset();
    this.events.onMedia(message);
  }

  private onText(connection: Connection, text: string): void {
    const notice = parseNotice(text);
    if (notice === null) return;
    if (notice.type === "waiting") connection.isWaiting = true;
    if (connection === this.current) this.events.onNotice(notice);
  }

  private onClose(connection: Connection, code: number, reason: string): void {
    if (connection !== this.current) return;
    this.current = null;
    const detail = reason || REASONS[code] || `the connection was closed (${code})`;
    if (code === ACCESS_ENDED) this.refusals += 1;
    // the server lets viewers in for some hours at a time; what is buffered lasts until the next
    if (code === ACCESS_ENDED && this.refusals === 1) this.current = this.open();
    else if (code === ACCESS_ENDED || isUnexplained(connection, code)) void this.askWhy(detail);
    else this.lost(detail, LEAST_WAIT_SECONDS[code] ?? 0);
  }

  private lost(detail: string, atLeastSeconds: number): void {
    if (this.isClosed) return;
    const milliseconds = this.retryAfter(this.backoff.next(atLeastSeconds));
    this.events.onLost(detail, Date.now() + milliseconds);
  }

  private retryAfter(seconds: number): number {
    clearTimeout(this.retryTimer);
    this.attempt += 1; // one that is under way does not count any more
    this.retryTimer = setTimeout(() => this.connect(), seconds * 1000);
    return seconds * 1000;
  }

  /** Somebody is there again: no more waiting for the next attempt. */
  private hurry(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    this.connect();
  }

  private checkSilence(): void {
    const connection = this.current;
    if (connection === null) return;
    const silence = performance.now() - connection.heardAt;
    const isOpen = connection.socket.readyState === WebSocket.OPEN;
    if (!isOpen && silence > CONNECT_MS) {
      this.drop();
      void this.askWhy("the connection could not be made");
    } else if (isOpen && silence > (connection.isWaiting ? WAITING_SILENCE_MS : SILENCE_MS)) {
      this.reconnect("nothing came for a while");
    }
  }

  private drop(): void {
    if (this.current === null) return;
    const { socket } = this.current;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    this.current = null;
  }
}

/** The server gives a reason, or has said something before: else it was perhaps never reached. */
function isUnexplained({ hasSpoken }: Connection, code: number): boolean {
  return !hasSpoken && (code === CONNECTION_LOST || !(code in REASONS));
}
