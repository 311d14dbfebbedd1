/**
 * Server-sent events: what changes on the server changes the cache of this page.
 *
 * The stream repeats nothing, so all of it is asked for anew after each connection. A hidden page
 * lets go of it: over HTTP/1.1 a browser opens six connections to a server, for all tabs together.
 */

import type { QueryClient } from "@tanstack/react-query";
import { camerasQuery, type Health, type Status, statusesQuery } from "./cameras";

export const EVENTS_PATH = "/api/v1/events";
export const EVENT_NAMES = [
  "camera-status",
  "camera-health",
  "recording",
  "gap",
  "cameras",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];
export type Connection = "connecting" | "open" | "lost";

const FLUSH_MS = 250;
/** Whoever adds many cameras in a row must not use up what everybody may ask for in a minute. */
const RELOAD_MS = 5_000;

type Listener = (data: unknown) => void;
const listeners = new Map<EventName, Set<Listener>>();

/** Calls back with the data of each event of a name; returns what ends that. */
export function onServerEvent(name: EventName, listener: Listener): () => void {
  const those = listeners.get(name) ?? new Set();
  listeners.set(name, those.add(listener));
  return () => those.delete(listener);
}

/**
 * Takes events over into the cache, a few times a second all that came since: with hundreds of
 * cameras a page would otherwise draw hundreds of times. Whoever listens is told at once.
 */
export class EventCache {
  private readonly statuses = new Map<string, Status>();
  private readonly healths = new Map<string, Health>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reloadTimer: ReturnType<typeof setTimeout> | undefined;
  private isReloadDue = false;

  constructor(private readonly client: QueryClient) {}

  /** Garbage is left out. */
  take(name: EventName, text: string): void {
    const data = parsed(text);
    if (data === null) return;
    if (name === "cameras") this.reload();
    if (isOfCamera(data)) this.keep(name, data);
    for (const listener of [...(listeners.get(name) ?? [])]) listener(data);
  }

  close(): void {
    clearTimeout(this.reloadTimer);
    this.flush();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { statuses, healths } = this;
    if (this.isLevel(statusesQuery.queryKey)) {
      this.client.setQueryData(statusesQuery.queryKey, (all) =>
        all?.map((each) => withHealth(statuses.get(each.camera_id) ?? each, healths)),
      );
    }
    if (this.isLevel(camerasQuery.queryKey)) {
      this.client.setQueryData(camerasQuery.queryKey, (all) =>
        all?.map((each) => {
          const record = statuses.get(each.camera_id)?.record ?? each.record;
          return withHealth(record === each.record ? each : { ...each, record }, healths);
        }),
      );
    }
    statuses.clear();
    healths.clear();
  }

  /** Asks for the lists at once, then once for all that comes in the next seconds. */
  private reload(): void {
    this.isReloadDue = this.reloadTimer !== undefined;
    if (this.isReloadDue) return;
    void refetchAll(this.client);
    this.reloadTimer = setTimeout(() => {
      this.reloadTimer = undefined;
      if (this.isReloadDue) this.reload();
    }, RELOAD_MS);
  }

  /** A list that is to be asked for anew stays marked as such; changing it would make it new. */
  private isLevel(queryKey: readonly string[]): boolean {
    return this.client.getQueryState(queryKey)?.isInvalidated === false;
  }

  private keep(name: EventName, data: { camera_id: string }): void {
    if (name === "camera-status") {
      const status = data as Status;
      this.statuses.set(status.camera_id, status);
      // a later one than any that waits
      this.healths.delete(status.camera_id);
    } else if (name === "camera-health" && "health" in data && isObject(data.health)) {
      this.healths.set(data.camera_id, data.health as Health);
    } else return;
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }
}

function withHealth<T extends { camera_id: string }>(each: T, healths: Map<string, Health>): T {
  const health = healths.get(each.camera_id);
  return health === undefined ? each : { ...each, health };
}

/** Marks everything that events keep level as old, so that pages ask for it anew. */
export async function refetchAll(client: QueryClient): Promise<void> {
  // who is signed in, too: which cameras one may see is a right
  const keys = [camerasQuery.queryKey, statusesQuery.queryKey, ["groups"], ["session"]];
  await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
}

function parsed(text: string): object | null {
  try {
    const data: unknown = JSON.parse(text);
    return isObject(data) ? data : null;
  } catch {
    return null;
  }
}

const isObject = (data: unknown): data is object => typeof data === "object" && data !== null;

function isOfCamera(data: object): data is { camera_id: string } {
  return "camera_id" in data && typeof data.camera_id === "string";
}
