import { QueryClient } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { Camera, Status } from "../../src/api/cameras";
import { EventCache, type EventName, onServerEvent } from "../../src/api/events";

const camera = (id: string) => ({ camera_id: id, record: true, health: { state: "online" } });

function filled(): QueryClient {
  const client = new QueryClient();
  client.setQueryData(["cameras"], [camera("door"), camera("yard")]);
  client.setQueryData(["statuses"], [camera("door"), camera("yard")]);
  return client;
}

function applyEvent(client: QueryClient, name: EventName, text: string): void {
  const cache = new EventCache(client);
  cache.take(name, text);
  cache.flush();
}

test("a status takes the place of the one before, of this camera only", () => {
  const client = filled();

  applyEvent(
    client,
    "camera-status",
    JSON.stringify({ ...camera("door"), record: false, state: "stopped" }),
  );

  const statuses = client.getQueryData<Status[]>(["statuses"]);
  expect(statuses?.map(({ state }) => state)).toEqual(["stopped", undefined]);
  expect(client.getQueryData<Camera[]>(["cameras"])?.map(({ record }) => record)).toEqual([
    false,
    true,
  ]);
});

test("health is taken over into both lists", () => {
  const client = filled();

  applyEvent(
    client,
    "camera-health",
    JSON.stringify({ camera_id: "yard", health: { state: "offline" } }),
  );

  for (const key of ["cameras", "statuses"]) {
    const states = client.getQueryData<Camera[]>([key])?.map(({ health }) => health.state);
    expect(states).toEqual(["online", "offline"]);
  }
});

test("a changed configuration makes the lists old", () => {
  const client = filled();

  applyEvent(client, "cameras", "{}");

  expect(client.getQueryState(["cameras"])?.isInvalidated).toBe(true);
  expect(client.getQueryState(["statuses"])?.isInvalidated).toBe(true);
});

test.each(["", "nonsense", "7", "null", "[]", '{"camera_id":3}', '{"camera_id":"door"}'])(
  "garbage changes nothing: %s",
  (text) => {
    const client = filled();
    const before = client.getQueryData(["cameras"]);

    applyEvent(client, "camera-health", text);

    expect(client.getQueryData(["cameras"])).toBe(before);
  },
);

test("an event before the lists are there is no list", () => {
  const client = new QueryClient();

  applyEvent(client, "camera-status", JSON.stringify(camera("door")));

  expect(client.getQueryData(["statuses"])).toBeUndefined();
});

test("a page hears events until it ends that", () => {
  const heard = vi.fn();
  const stop = onServerEvent("recording", heard);

  applyEvent(filled(), "recording", '{"camera_id":"door","id":"a"}');
  stop();
  applyEvent(filled(), "recording", '{"camera_id":"door","id":"b"}');

  expect(heard.mock.calls).toEqual([[{ camera_id: "door", id: "a" }]]);
});

test("many events change the lists once, to what came last", () => {
  vi.useFakeTimers();
  const client = filled();
  const changed = vi.fn();
  client.getQueryCache().subscribe(({ type }) => type === "updated" && changed());
  const cache = new EventCache(client);

  for (const state of ["connecting", "recording", "offline"]) {
    cache.take("camera-status", JSON.stringify({ ...camera("door"), state }));
  }
  expect(changed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(250);

  expect(client.getQueryData<Status[]>(["statuses"])?.[0]?.state).toBe("offline");
  expect(changed).toHaveBeenCalledTimes(2); // of each list
  vi.useRealTimers();
});

test("a list that is to be asked for anew is not taken for a new one", () => {
  const client = filled();
  applyEvent(client, "cameras", "{}");

  applyEvent(client, "camera-status", JSON.stringify({ ...camera("door"), record: false }));

  expect(client.getQueryState(["cameras"])?.isInvalidated).toBe(true);
});

// Twenty cameras added in a row made every open page ask eighty times, and then be refused.
test("many changes of the cameras ask for the lists twice: at once, and when they are over", () => {
  vi.useFakeTimers();
  const client = filled();
  const asked = vi.spyOn(client, "invalidateQueries");
  const cache = new EventCache(client);

  for (let count = 0; count < 20; count += 1) {
    cache.take("cameras", "{}");
    vi.advanceTimersByTime(200);
  }
  vi.advanceTimersByTime(60_000);

  const lists = asked.mock.calls.filter(([filters]) => filters?.queryKey?.[0] === "cameras");
  expect(lists).toHaveLength(2);
  cache.close();
  vi.useRealTimers();
});
