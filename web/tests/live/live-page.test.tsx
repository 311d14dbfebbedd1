// @vitest-environment happy-dom

import { act, cleanup, fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { observeServer } from "../../src/api/server-now";
import type { Permission } from "../../src/app/session-api";
import { type Answers, answering, me, openApp, problem } from "../app/worlds";
import { FakePlayer, playing, scroll, setStage, watchedTiles } from "./stage";

vi.mock("../../src/player", async (original) => ({
  ...(await original<typeof import("../../src/player")>()),
  mediaSourceClass: () => class {},
  createPlayer: (
    transport: "websocket" | "ll-hls",
    _access: unknown,
    _clock: unknown,
    options = {},
  ) => new FakePlayer(transport, options),
}));

const VIEWER: Permission[] = ["cameras:read", "live:watch", "footage:read"];
const camera = (camera_id: string, sub: boolean) => ({
  camera_id,
  name: camera_id.toUpperCase(),
  sub_url: null, // only who may change cameras is told addresses
  has_sub_stream: sub,
});
const CAMERAS = [camera("door", true), camera("gate", false), camera("yard", true)];
const status = (camera_id: string, state: string) => ({
  camera_id,
  state,
  since: null,
  detail: "",
  health: { state: "online", since: null, detail: "" },
});
const STATUSES = [status("door", "recording"), status("gate", "unauthorized")];

function open(address: string, answers: Answers = {}, permissions = VIEWER) {
  answering({
    "GET /session": () => me(...permissions),
    "GET /cameras": () => CAMERAS,
    "GET /status": () => STATUSES,
    ...answers,
  });
  return openApp(address);
}

/** A tile, as soon as its player has begun. */
async function tile(name: string): Promise<HTMLElement> {
  const cover = await screen.findByRole("button", { name: `${name}: enlarge` });
  await vi.waitFor(() => {
    const begun = playing().map((each) => each.split(" ")[0]);
    expect(begun).toContain(name.toLowerCase());
  });
  return cover.closest("article") as HTMLElement;
}

beforeEach(setStage);

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("all cameras play in a grid that has room for them, the small stream where there is one", async () => {
  open("/live");
  await tile("DOOR");
  expect(playing()).toEqual(["door sub", "gate main", "yard sub"]);
  expect(screen.getByRole("button", { name: "2×2 tiles" }).getAttribute("aria-pressed")).toBe(
    "true",
  );
});

test("a tile says its camera's name and state, and how far behind live it is", async () => {
  open("/live");
  const door = await tile("DOOR");
  expect(within(door).getByText("DOOR")).toBeTruthy();
  expect(within(door).getByText("Recording")).toBeTruthy();
  expect(within(await tile("GATE")).getByText("Unauthorized")).toBeTruthy();
  act(() => FakePlayer.all[0]?.become({ kind: "live" }));
  expect(await within(door).findByText("0.4 s")).toBeTruthy();
});

test("a picture that is lost says why", async () => {
  open("/live?camera=door");
  const door = await tile("DOOR");
  const [player] = FakePlayer.all;
  act(() =>
    player?.become({ kind: "reconnecting", detail: "the server restarts", retryAtMs: Date.now() }),
  );
  expect(within(door).getByText("The server restarts")).toBeTruthy();
  act(() => player?.become({ kind: "live" }));
  expect(within(door).queryByText("The server restarts")).toBeNull();
});

test("an address opens exactly its cameras, as it says", async () => {
  open("/live?camera=yard&camera=door&transport=ll-hls&rendition=main");
  await tile("YARD");
  expect(playing()).toEqual(["yard main", "door main"]);
  expect(FakePlayer.all.map(({ transport }) => transport)).toEqual(["ll-hls", "ll-hls"]);
});

test("a camera that is not there for the viewer is told like one that does not exist", async () => {
  open("/live?camera=vault");
  expect(await screen.findByText("There is no camera “vault”.")).toBeTruthy();
  expect(playing()).toEqual([]);
});

test("Enter enlarges a tile with the large stream, Escape leads back", async () => {
  open("/live");
  const door = await tile("DOOR");
  const user = userEvent.setup();
  act(() => within(door).getByRole("button", { name: "DOOR: enlarge" }).focus());
  await user.keyboard("{Enter}");
  expect(door.dataset.large).toBe("true");
  expect(FakePlayer.all[0]?.told.slice(-2)).toEqual(["stop", "door main"]);
  await user.keyboard("{Escape}");
  expect(door.dataset.large).toBeUndefined();
  expect(FakePlayer.all[0]?.told.at(-1)).toBe("door sub");
  expect(FakePlayer.all.length).toBe(3);
});

test("a double click enlarges a tile, and another leads back", async () => {
  open("/live");
  const door = await tile("DOOR");
  const user = userEvent.setup();
  await user.dblClick(within(door).getByRole("button", { name: "DOOR: enlarge" }));
  expect(door.dataset.large).toBe("true");
  await user.dblClick(within(door).getByRole("button", { name: "DOOR: back to all tiles" }));
  expect(door.dataset.large).toBeUndefined();
});

test("number keys choose a grid, arrows go from tile to tile", async () => {
  const router = open("/live");
  await tile("DOOR");
  const user = userEvent.setup();
  await user.keyboard("2");
  expect(router.state.location.search).toBe("?grid=2");
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(document.activeElement?.getAttribute("aria-label")).toBe("GATE: enlarge");
  await user.keyboard("1");
  expect(router.state.location.search).toBe("?grid=1");
  await user.keyboard("{PageDown}");
  expect(router.state.location.search).toBe("?grid=1&page=2");
  expect(playing()).toEqual(["gate main"]);
});

test("one tile has sound at a time", async () => {
  open("/live");
  const door = await tile("DOOR");
  const gate = await tile("GATE");
  const user = userEvent.setup();
  act(() => within(door).getByRole("button", { name: "DOOR: enlarge" }).focus());
  await user.keyboard("m");
  expect(door.querySelector("video")?.muted).toBe(false);
  act(() => within(gate).getByRole("button", { name: "GATE: enlarge" }).focus());
  await user.keyboard("m");
  expect(door.querySelector("video")?.muted).toBe(true);
  expect(gate.querySelector("video")?.muted).toBe(false);
  await user.keyboard("m");
  expect(gate.querySelector("video")?.muted).toBe(true);
});

test("history opens playback half a minute before what is on the screen", async () => {
  const router = open("/live?camera=door");
  await tile("DOOR");
  act(() => FakePlayer.all[0]?.become({ kind: "live" }));
  await userEvent.setup().keyboard("h");
  await vi.waitFor(() => expect(router.state.location.pathname).toBe("/playback"));
  const query = new URLSearchParams(router.state.location.search);
  expect(query.get("camera")).toBe("door");
  const back = Date.now() - Date.parse(query.get("at") ?? "");
  expect(back).toBeGreaterThanOrEqual(30_400);
  expect(back).toBeLessThan(40_000);
});

test("history goes by the server's clock where this computer's is wrong", async () => {
  const sent = { headers: { Date: new Date(Date.now() - 600_000).toUTCString() } };
  const router = open("/live?camera=door", { "GET /status": () => Response.json([], sent) });
  await tile("DOOR");
  await userEvent.setup().keyboard("h");
  await vi.waitFor(() => expect(router.state.location.pathname).toBe("/playback"));
  const at = new URLSearchParams(router.state.location.search).get("at") ?? "";
  expect(Date.now() - Date.parse(at)).toBeGreaterThanOrEqual(630_000);
  observeServer(new Response(null, { headers: { Date: new Date().toUTCString() } }));
});

test("without the right to play back there is no history", async () => {
  const router = open("/live?camera=door", {}, ["cameras:read", "live:watch"]);
  const door = await tile("DOOR");
  act(() => within(door).getByRole("button", { name: "DOOR: enlarge" }).focus());
  expect(within(door).queryByRole("button", { name: /History/ })).toBeNull();
  await userEvent.setup().keyboard("h");
  expect(router.state.location.pathname).toBe("/live");
});

test("a tile that nobody sees stops after a moment, and goes on when it is seen again", async () => {
  open("/live");
  await tile("DOOR");
  vi.useFakeTimers();
  scroll("gate", false);
  act(() => vi.advanceTimersByTime(2_000));
  expect(playing()).toContain("gate main");
  act(() => vi.advanceTimersByTime(2_000));
  expect(playing()).toEqual(["door sub", "yard sub"]);
  scroll("gate", true);
  expect(playing()).toContain("gate main");
});

test("a hidden tab plays nothing", async () => {
  open("/live");
  await tile("DOOR");
  vi.useFakeTimers();
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  fireEvent(document, new Event("visibilitychange"));
  act(() => vi.advanceTimersByTime(4_000));
  expect(playing()).toEqual([]);
  hidden.mockReturnValue(false);
  fireEvent(document, new Event("visibilitychange"));
  expect(playing().length).toBe(3);
  hidden.mockRestore();
});

test("nothing is left of the tiles when the page is left", async () => {
  const router = open("/live");
  await tile("DOOR");
  expect(window.everframe?.players.length).toBe(3);
  await act(() => router.navigate("/recordings"));
  await screen.findByRole("heading", { name: "Recordings" });
  expect(playing()).toEqual([]);
  expect(window.everframe?.players).toEqual([]);
  expect(watchedTiles()).toBe(0);
});

test("where WebSockets do not get through, all tiles go on by LL-HLS", async () => {
  open("/live");
  await tile("DOOR");
  expect(FakePlayer.all.map(({ transport }) => transport)).toEqual(Array(3).fill("websocket"));
  const detail = "WebSockets do not get through";
  act(() => FakePlayer.all[1]?.become({ kind: "failed", detail, isTransport: true }));
  const now = FakePlayer.all.filter((player) => player.isPlaying);
  expect(now.map(({ transport }) => transport)).toEqual(Array(3).fill("ll-hls"));
});

test("a transport that the viewer chose is kept, and says why it fails", async () => {
  open("/live?camera=door&transport=websocket");
  const door = await tile("DOOR");
  const detail = "WebSockets do not get through";
  act(() => FakePlayer.all[0]?.become({ kind: "failed", detail, isTransport: true }));
  expect(FakePlayer.all.map(({ transport }) => transport)).toEqual(["websocket"]);
  expect(within(door).getByText(detail)).toBeTruthy();
});

test("without cameras the page leads to where they are added", async () => {
  open("/live", { "GET /cameras": () => [] }, [...VIEWER, "cameras:write"]);
  const link = await screen.findByRole("link", { name: "Add cameras" });
  expect(link.getAttribute("href")).toBe("/cameras");
});

test("without cameras and without the right to add some it says whom to ask", async () => {
  open("/live", { "GET /cameras": () => [] });
  expect(await screen.findByText(/Ask an administrator/)).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Add cameras" })).toBeNull();
});

test("cameras that cannot be loaded can be asked for again", async () => {
  let isUp = false;
  open("/live", { "GET /cameras": () => (isUp ? CAMERAS : problem(422, "no")) });
  await screen.findByText("The cameras could not be loaded");
  isUp = true;
  await userEvent.setup().click(screen.getByRole("button", { name: "Try again" }));
  expect(await tile("DOOR")).toBeTruthy();
});

test("there is something to watch without groups and layouts", async () => {
  open("/live", {
    "GET /groups": () => problem(403, "no"),
    "GET /layouts": () => problem(403, "no"),
  });
  expect(await tile("DOOR")).toBeTruthy();
});

test("a group leaves its own cameras, in a grid that has room for them", async () => {
  const router = open("/live", {
    "GET /groups": () => [{ group_id: "outside", name: "Outside", camera_ids: ["gate"] }],
  });
  await tile("DOOR");
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: /Group/ }));
  await user.click(await screen.findByRole("option", { name: "Outside" }));
  expect(router.state.location.search).toBe("?group=outside");
  expect(playing()).toEqual(["gate main"]);
  await user.click(screen.getByRole("button", { name: /Group/ }));
  await user.click(await screen.findByRole("option", { name: "All cameras" }));
  expect(playing().length).toBe(3);
});

// The server refused it with "1 field is not as it must be", or was asked for another address.
test.each(["Day/Night", ".."])("a layout that cannot be called %s says so", async (name) => {
  open("/live?grid=2");
  await tile("DOOR");
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Layouts" }));
  await user.click(await screen.findByRole("menuitem", { name: /^Arrange these tiles/ }));

  await user.type(screen.getByRole("textbox", { name: "Name of the layout" }), name);

  expect(screen.getByText(/^A name /)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Save" })).toHaveProperty("disabled", true);
});

test("a layout is arranged with keys, kept under a name, and opens by itself next time", async () => {
  let saved: unknown;
  const router = open("/live?grid=2", {
    "PUT /layouts/Night": async (request) => {
      const { layout } = (await request.json()) as { layout: unknown };
      saved = layout;
      return { name: "Night", layout, updated_at: "2026-11-21T08:00:00Z" };
    },
  });
  await tile("DOOR");
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Layouts" }));
  await user.click(await screen.findByRole("menuitem", { name: /^Arrange these tiles/ }));
  act(() => screen.getByRole("button", { name: /^Move DOOR/ }).focus());
  await user.keyboard("{Shift>}{ArrowRight}{/Shift}");
  act(() => screen.getByRole("button", { name: /^Move YARD/ }).focus());
  await user.keyboard("{Delete}");
  await user.type(screen.getByRole("textbox", { name: "Name of the layout" }), "Night");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("button", { name: "Night" })).toBeTruthy();
  expect(saved).toEqual({
    columns: 2,
    tiles: [
      { camera_id: "door", x: 0, y: 0, w: 2, h: 1 },
      { camera_id: "gate", x: 1, y: 1, w: 1, h: 1 },
    ],
  });
  expect(router.state.location.search).toBe("?layout=Night");
});
