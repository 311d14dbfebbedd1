/** One scan at a time: started, followed by its events, stopped when nobody looks any more. */

import { useEffect, useRef, useState } from "react";
import { api, call, type Schemas } from "../api/client";
import { ApiError, messageOf } from "../api/errors";
import { readEvent, type ScanState, started, told } from "./scan-state";

const SCAN = "/api/v1/discovery/scans/{scan_id}";
const RETRY_MS = 3_000;
const AWAY_MS = 10_000;
const EVENTS = ["device", "progress", "end"];
const path = (scan_id: string) => ({ params: { path: { scan_id } } });

export interface Scan {
  state: ScanState | null;
  /** Why it could not be started or followed. */
  error: Error | null;
  isStarting: boolean;
  start(body: Schemas["ScanCreate"]): Promise<void>;
  stop(): Promise<void>;
  /** Asks for the results anew: what was added is marked. */
  refresh(): Promise<void>;
}

export function useScan(): Scan {
  const [state, setState] = useState<ScanState | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isStarting, setStarting] = useState(false);
  const followed = useRef<Follower | null>(null);
  const isShown = useRef(true);
  const scanId = state?.summary.scan_id;
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
      followed.current?.leave();
    };
  }, []);

  const take = (change: (state: ScanState) => ScanState) =>
    setState((old) => (old === null ? old : change(old)));
  return {
    state,
    error,
    isStarting,
    start: async (body) => {
      followed.current?.leave();
      setError(null);
      setStarting(true);
      try {
        const view = await call(api.POST("/api/v1/discovery/scans", { body }));
        setState(started(view));
        followed.current = new Follower(view.scan_id, take, setError);
        if (!isShown.current) followed.current.leave(); // closed before the answer came
      } catch (failure) {
        setError(asError(failure));
      } finally {
        setStarting(false);
      }
    },
    stop: async () => {
      if (scanId !== undefined) setState(started(await call(api.DELETE(SCAN, path(scanId)))));
    },
    refresh: async () => {
      if (scanId !== undefined) setState(started(await call(api.GET(SCAN, path(scanId)))));
    },
  };
}

/** Follows a scan until it ends; leaving one that runs stops it. */
class Follower {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  constructor(
    private readonly scanId: string,
    private readonly take: (change: (state: ScanState) => ScanState) => void,
    private readonly fail: (error: Error | null) => void,
  ) {
    this.open();
  }

  leave(): void {
    this.close();
    // the answer does not matter: a scan ends by itself, too
    if (!this.isOver) void api.DELETE(SCAN, path(this.scanId)).catch(() => undefined);
    this.isOver = true;
  }

  private open(): void {
    const source = new EventSource(`/api/v1/discovery/scans/${this.scanId}/events`);
    this.source = source;
    for (const name of EVENTS) {
      source.addEventListener(name, (message) => {
        const event = readEvent(name, String((message as MessageEvent).data));
        if (event === null) return;
        this.take((state) => told(state, event));
        if (event.name === "end") this.end();
      });
    }
    source.addEventListener("error", () => {
      // the browser comes again by itself, but for answers that are errors
      if (source.readyState !== EventSource.CLOSED || this.isOver) return;
      this.close();
      this.askAfter(RETRY_MS);
    });
  }

  private async ask(): Promise<void> {
    try {
      const view = await call(api.GET(SCAN, path(this.scanId)));
      if (this.isOver) return;
      this.fail(null);
      this.take(() => started(view));
      if (view.state === "running") this.open();
      else this.end();
    } catch (failure) {
      if (this.isOver) return;
      this.fail(asError(failure));
      // while it is away the server may go on; a scan that it does not know has ended with it
      if (failure instanceof ApiError && failure.isPassing) this.askAfter(AWAY_MS);
      else this.giveUp();
    }
  }

  private askAfter(milliseconds: number): void {
    this.timer = setTimeout(() => void this.ask(), milliseconds);
  }

  /** What is not followed any more must not stay running for ever: another could not be begun. */
  private giveUp(): void {
    this.take((state) => ({ ...state, summary: { ...state.summary, state: "cancelled" } }));
    this.end();
  }

  private end(): void {
    this.isOver = true;
    this.close();
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}

const asError = (failure: unknown): Error =>
  failure instanceof Error ? failure : new Error(messageOf(failure));
