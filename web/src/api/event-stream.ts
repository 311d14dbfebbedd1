/** One connection to the server's events: opens it, opens it again, lets go while hidden. */

import { type Connection, EVENT_NAMES, EVENTS_PATH, type EventName } from "./events";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const LOST_AFTER_MS = 3_000;
const HIDDEN_MS = 30_000;

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
    if (!isVisible) this.hiddenTimer = setTimeout(() => this.drop(), HIDDEN_MS);
    else if (this.source === null) this.connect();
  }

  /** The network is back: no need to wait. */
  retryNow(): void {
    if (this.isClosed || this.source !== null) return;
    this.retryMs = FIRST_RETRY_MS;
    this.connect();
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
    this.retryMs = FIRST_RETRY_MS;
    clearTimeout(this.lostTimer);
    this.lostTimer = undefined;
    this.handlers.onState("open");
    this.handlers.onOpen();
  }

  /** The browser's own reconnection neither backs off nor survives a refusal. */
  private failed(): void {
    this.drop();
    this.lostTimer ??= setTimeout(() => this.handlers.onState("lost"), LOST_AFTER_MS);
    const delay = this.retryMs * (0.5 + this.random() / 2);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
    this.timer = setTimeout(() => void this.retry(), delay);
  }

  private async retry(): Promise<void> {
    await this.handlers.beforeRetry();
    if (!this.isClosed && this.source === null) this.connect();
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
