/** One connection to the server's events: opens it, opens it again, lets go while hidden. */

import { type Connection, EVENT_NAMES, EVENTS_PATH, type EventName } from "./events";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const LOST_AFTER_MS = 3_000;
const HIDDEN_MS = 30_000;
/** A connection that held for so long counts as good; others would be made anew every second. */
const GOOD_MS = 10_000;

export interface StreamHandlers {
  onEvent(name: EventName, text: string): void;
  /** There is a connection again: something may have been missed. */
  onOpen(): void;
  onState(state: Connection): void;
  /** Called before each further try; renews the session. */
  beforeRetry(): Promise<unknown>;
}

/** What is used of an EventSource. */
interface Source {
  addEventListener(name: string, listener: (event: Event) => void): void;
  close(): void;
}

export class EventStream {
  private source: Source | null = null;
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lostTimer: ReturnType<typeof setTimeout> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private openedAt = Number.POSITIVE_INFINITY;
  private isAsleep = false;
  private isClosed = false;

  constructor(
    private readonly handlers: StreamHandlers,
    private readonly open: (path: string) => Source = (path) => new EventSource(path),
    private readonly random: () => number = Math.random,
  ) {
    this.connect();
  }

  close(): void {
    this.isClosed = true;
    this.drop();
    clearTimeout(this.hiddenTimer);
    clearTimeout(this.lostTimer);
  }

  /** The page was hidden or is seen again. */
  setVisible(isVisible: boolean): void {
    clearTimeout(this.hiddenTimer);
    if (this.isClosed) return;
    if (!isVisible) {
      this.hiddenTimer = setTimeout(() => this.fallAsleep(), HIDDEN_MS);
      return;
    }
    this.isAsleep = false;
    if (this.source === null) this.connect();
  }

  /** The network is back: no need to wait. */
  retryNow(): void {
    if (!this.isWanted()) return;
    this.retryMs = FIRST_RETRY_MS;
    this.connect();
  }

  private fallAsleep(): void {
    this.isAsleep = true;
    this.drop();
  }

  private isWanted(): boolean {
    return !this.isClosed && !this.isAsleep && this.source === null;
  }

  private connect(): void {
    this.drop();
    const source = this.open(EVENTS_PATH);
    this.source = source;
    source.addEventListener("open", () => this.opened());
    source.addEventListener("error", () => this.failed());
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, (event) => {
        if (event instanceof MessageEvent) this.handlers.onEvent(name, String(event.data));
      });
    }
  }

  private opened(): void {
    this.openedAt = Date.now();
    clearTimeout(this.lostTimer);
    this.lostTimer = undefined;
    this.handlers.onState("open");
    this.handlers.onOpen();
  }

  /** The browser's own reconnection neither backs off nor survives a refusal. */
  private failed(): void {
    this.drop();
    this.lostTimer ??= setTimeout(() => this.handlers.onState("lost"), LOST_AFTER_MS);
    if (Date.now() - this.openedAt >= GOOD_MS) this.retryMs = FIRST_RETRY_MS;
    this.openedAt = Number.POSITIVE_INFINITY;
    const delay = this.retryMs * (0.5 + this.random() / 2);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
    this.timer = setTimeout(() => void this.retry(), delay);
  }

  private async retry(): Promise<void> {
    await this.handlers.beforeRetry();
    if (this.isWanted()) this.connect();
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
