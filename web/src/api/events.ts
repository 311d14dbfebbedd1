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

type Listener = (data: unknown) => void;
const listeners = new Map<EventName, Set<Listener>>();

/** Calls back with the data of each event of a name; returns what ends that. */
export function onServerEvent(name: EventName, listener: Listener): () => void {
  const those = listeners.get(name) ?? new Set();
  listeners.set(name, those.add(listener));
  return () => those.delete(listener);
}

/** Takes one event over into the cache, then tells whoever listens. Garbage is left out. */
export function applyEvent(client: QueryClient, name: EventName, text: string): void {
  const data = parsed(text);
  if (data === null) return;
  if (name === "cameras") void refetchAll(client);
  if (name === "camera-status" && isOfCamera(data)) takeStatus(client, data as unknown as Status);
  if (name === "camera-health" && isOfCamera(data) && "health" in data) {
    takeHealth(client, data.camera_id, data.health as Health);
  }
  for (const listener of [...(listeners.get(name) ?? [])]) listener(data);
}

/** Marks everything that events keep level as old, so that pages ask for it anew. */
export async function refetchAll(client: QueryClient): Promise<void> {
  // who is signed in, too: which cameras one may see is a right
  const keys = [camerasQuery.queryKey, statusesQuery.queryKey, ["groups"], ["session"]];
  await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
}

function takeStatus(client: QueryClient, status: Status): void {
  client.setQueryData(statusesQuery.queryKey, (all) =>
    all?.map((each) => (each.camera_id === status.camera_id ? status : each)),
  );
  client.setQueryData(camerasQuery.queryKey, (all) =>
    all?.map((each) =>
      each.camera_id === status.camera_id ? { ...each, record: status.record } : each,
    ),
  );
}

function takeHealth(client: QueryClient, cameraId: string, health: Health): void {
  const taken = <T extends { camera_id: string }>(all: T[] | undefined) =>
    all?.map((each) => (each.camera_id === cameraId ? { ...each, health } : each));
  client.setQueryData(camerasQuery.queryKey, taken);
  client.setQueryData(statusesQuery.queryKey, taken);
}

function parsed(text: string): object | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}

function isOfCamera(data: object): data is { camera_id: string } {
  return "camera_id" in data && typeof data.camera_id === "string";
}
