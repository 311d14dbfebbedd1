// @vitest-environment happy-dom

import { act, cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import type { Gap, Recording } from "../../src/recordings/rows";
import { type Answers, answering, me, openApp, problem } from "../app/worlds";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const recording = (camera_id: string, started_at: string, more: Partial<Recording> = {}) =>
  ({
    id: `${camera_id} ${started_at}`,
    camera_id,
    started_at,
    duration_seconds: 60,
    bytes: 2_000_000,
    video_codec: "avc1.640028",
    width: 1920,
    height: 1080,
    fps: 25,
    source: "live",
    end_reason: "rotation",
    download_path: `/api/v1/recordings/${camera_id}/download`,
    ...more,
  }) as Recording;
const gap = (camera_id: string, started_at: string) =>
  ({
    gap_id: `gap ${started_at}`,
    camera_id,
    started_at,
    ended_at: started_at,
    reason: "camera_offline",
    detail: "no route to host",
    state: "missing",
    missing_seconds: 9,
  }) as Gap;

/** Lists whatever is asked for; `asked` holds what each request for recordings was about. */
function world(recordings: Recording[], gaps: Gap[] = [], more: Answers = {}) {
  const asked: URLSearchParams[] = [];
  answering({
    "GET /session": () => me("cameras:read", "footage:read"),
    "GET /cameras": () => [
      { camera_id: "front-door", name: "Front door" },
      { camera_id: "yard", name: "Yard" },
    ],
    "GET /groups": () => [
      { group_id: "entrance", name: "Entrance", camera_ids: ["front-door"] },
      { group_id: "bare", name: "Bare", camera_ids: [] },
    ],
    "GET /recordings": (request) => {
      asked.push(new URL(request.url).searchParams);
      return { items: recordings, next_cursor: null };
    },
    "GET /gaps": () => ({ items: gaps, next_cursor: null }),
    ...more,
  });
  return asked;
}

/** What the server tells open pages; to be called before the page is opened. */
function eventStream(): (name: string, data: object) => void {
  const streams: EventTarget[] = [];
  vi.stubGlobal(
    "EventSource",
    class extends EventTarget {
      constructor() {
        super();
        streams.push(this);
      }
      close(): void {}
    },
  );
  return (name, data) => {
    const event = new MessageEvent(name, { data: JSON.stringify(data) });
    for (const stream of streams) stream.dispatchEvent(event);
  };
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

test("recordings and gaps are told in words, newest first", async () => {
  world(
    [
      recording("front-door", minutesAgo(1), { end_reason: "connection_lost" }),
      recording("yard", minutesAgo(5)),
    ],
    [gap("yard", minutesAgo(3))],
  );
  openApp("/recordings?days=7");

  const table = await screen.findByRole("table", { name: "Recordings" });

  const rows = within(table)
    .getAllByRole("row")
    .map((row) => row.textContent);
  const [first, second, third] = rows.filter((text) => /Front door|Yard/.test(text ?? ""));
  expect(first).toContain("The connection to the camera broke");
  expect(second).toContain("The camera could not be reached (no route to host)");
  expect(third).toContain("H.264 1920×1080, 25 fps");
  expect(screen.getByText("2 recordings, 2 min, 4.0 MB")).toBeTruthy();
});

test("each recording can be played from its start, and downloaded", async () => {
  const at = minutesAgo(1);
  world([recording("front-door", at)]);
  openApp("/recordings?days=7");

  const play = await screen.findByRole("link", { name: /^Play Front door/ });
  const download = screen.getByRole("link", { name: /^Download Front door/ });

  expect(play.getAttribute("href")).toBe(`/playback?camera=front-door&at=${at}`);
  expect(download.getAttribute("href")).toBe("/api/v1/recordings/front-door/download");
});

test("a group stands for its cameras", async () => {
  const asked = world([recording("front-door", minutesAgo(1))]);
  const router = openApp("/recordings");

  await userEvent.click(await screen.findByRole("button", { name: /All cameras/ }));
  await userEvent.click(await screen.findByRole("option", { name: "Group Entrance" }));

  await vi.waitFor(() => expect(asked.at(-1)?.getAll("camera")).toEqual(["front-door"]));
  expect(router.state.location.search).toBe("?group=entrance");
});

test("a group without cameras is not taken for all of them", async () => {
  const asked = world([recording("front-door", minutesAgo(1))]);
  openApp("/recordings?group=bare");

  expect(await screen.findByText("No cameras in this group")).toBeTruthy();
  expect(asked).toEqual([]);
});

test("without gaps nobody asks for them", async () => {
  let gapsAsked = 0;
  world([recording("yard", minutesAgo(1))], [], {
    "GET /gaps": () => {
      gapsAsked += 1;
      return { items: [], next_cursor: null };
    },
  });
  openApp("/recordings?gaps=0");

  await screen.findByRole("table", { name: "Recordings" });

  expect(gapsAsked).toBe(0);
});

test("recordings are shown although their gaps cannot be read", async () => {
  world([recording("yard", minutesAgo(1))], [], {
    "GET /gaps": () => problem(403, "not now"),
  });
  openApp("/recordings?days=7");

  expect(await screen.findByText("Not all gaps are shown")).toBeTruthy();
  expect(screen.getByRole("table", { name: "Recordings" })).toBeTruthy();
});

test("of thousands of rows only some are in the document", async () => {
  const many = Array.from({ length: 5000 }, (_, at) => recording("yard", minutesAgo(at + 1)));
  world(many);
  openApp("/recordings?days=7");

  const table = await screen.findByRole("table", { name: "Recordings" });

  expect(within(table).getAllByRole("row").length).toBeLessThan(150);
  expect(Number(table.getAttribute("aria-rowcount"))).toBeGreaterThan(5000);
  expect(screen.getByText(/^5,000 recordings/)).toBeTruthy();
});

test("a recording that ends is added without asking for the others again", async () => {
  const old = recording("yard", minutesAgo(3));
  const fresh = recording("front-door", minutesAgo(1));
  let items = [old];
  const asked = world([], [], {
    "GET /recordings": (request) => {
      asked.push(new URL(request.url).searchParams);
      return { items, next_cursor: null };
    },
  });
  const tell = eventStream();
  openApp("/recordings?days=7");
  await screen.findByRole("link", { name: /^Play Yard/ });

  vi.useFakeTimers({ shouldAdvanceTime: true });
  items = [fresh];
  tell("recording", { camera_id: "front-door", id: fresh.id, started_at: fresh.started_at });
  await act(() => vi.advanceTimersByTimeAsync(11_000));

  expect(await screen.findByRole("link", { name: /^Play Front door/ })).toBeTruthy();
  expect(screen.getByRole("link", { name: /^Play Yard/ })).toBeTruthy();
  expect(asked.at(-1)?.get("from")).toBe(old.started_at);
});

test("what happens on days that are not shown changes nothing", async () => {
  const asked = world([]);
  const tell = eventStream();
  openApp("/recordings?day=2026-01-05");
  await screen.findByText("Nothing was recorded");

  vi.useFakeTimers({ shouldAdvanceTime: true });
  tell("recording", { camera_id: "yard", id: "x", started_at: minutesAgo(1) });
  await act(() => vi.advanceTimersByTimeAsync(11_000));

  expect(asked).toHaveLength(1);
});

test("who may see no camera is told whom to ask", async () => {
  world([], [], { "GET /cameras": () => [] });
  openApp("/recordings");

  expect(await screen.findByText("No camera yet")).toBeTruthy();
  expect(screen.getByText(/Ask an administrator/)).toBeTruthy();
});

test("a list that cannot be had says why, and is asked for again", async () => {
  let isUp = false;
  world([], [], {
    "GET /recordings": () =>
      isUp
        ? { items: [recording("yard", minutesAgo(1))], next_cursor: null }
        : problem(404, "there is no camera nope"),
  });
  openApp("/recordings?camera=nope&days=7");

  expect(await screen.findByText("There is no camera nope.")).toBeTruthy();
  isUp = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  expect(await screen.findByRole("table", { name: "Recordings" })).toBeTruthy();
});
