// @vitest-environment happy-dom

import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { type Answers, answering, me, openApp, problem } from "../app/worlds";
import { camera, health, status } from "./samples";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const ALL = [
  "cameras:read",
  "live:watch",
  "footage:read",
  "cameras:operate",
  "cameras:write",
] as const;
const door = camera("Front door");
const yard = camera("Yard", { health: health({ state: "offline" }) });

function world(more: Answers = {}): void {
  answering({
    "GET /session": () => me(...ALL),
    "GET /cameras": () => [door, yard],
    "GET /status": () => [status(door), status(yard, { state: "offline", detail: "no route" })],
    ...more,
  });
}

test("the list tells each camera's state in words", async () => {
  world();
  openApp("/cameras");

  const table = await screen.findByRole("table", { name: "Cameras" });

  expect(await within(table).findByText("Recording")).toBeTruthy();
  expect(within(table).getByText("Offline")).toBeTruthy();
  expect(within(table).getByText("no route")).toBeTruthy();
  expect(screen.getByText("2 cameras")).toBeTruthy();
});

test("one camera is counted as one", async () => {
  world({ "GET /cameras": () => [door] });
  openApp("/cameras");

  expect(await screen.findByText("1 camera")).toBeTruthy();
});

test("the search leaves what fits, and the address keeps it", async () => {
  world();
  const router = openApp("/cameras");

  await userEvent.type(await screen.findByLabelText("Search cameras"), "yard");

  expect(await screen.findByText("1 of 2 cameras")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Front door" })).toBeNull();
  expect(router.state.location.search).toBe("?q=yard");
});

test("without cameras the page leads to the scan", async () => {
  world({ "GET /cameras": () => [], "GET /status": () => [] });
  openApp("/cameras");

  await userEvent.click(await screen.findByRole("button", { name: "Look for cameras" }));

  const dialog = await screen.findByRole("dialog", { name: "Add cameras" });
  expect(within(dialog).getByLabelText("Where to look")).toBeTruthy();
});

test("whoever may only look has nothing to change with", async () => {
  const seen = camera("Front door", { url: null, sub_url: null });
  world({ "GET /session": () => me("cameras:read"), "GET /cameras": () => [seen] });
  openApp("/cameras/front-door");

  await screen.findByRole("heading", { name: "Settings" });

  expect(screen.queryByRole("button", { name: /^(Save|Delete|Start|Stop)/ })).toBeNull();
  expect(screen.queryByLabelText("RTSP address")).toBeNull();
});

test("a refused setting is told at its field, and only what was changed was sent", async () => {
  let sent: unknown;
  world({
    "PATCH /cameras/front-door": async (request) => {
      sent = await request.json();
      const errors = [{ field: "name", problem: "is taken" }];
      return problem(422, "1 field is not as it must be", { errors });
    },
  });
  openApp("/cameras/front-door");

  const name = await screen.findByLabelText("Name");
  await userEvent.clear(name);
  await userEvent.type(name, "Yard");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));

  expect(await screen.findByText("Is taken.")).toBeTruthy();
  expect(sent).toEqual({ name: "Yard" });

  await userEvent.click(screen.getByRole("button", { name: "Discard changes" }));
  expect(screen.queryByText(/^(Is taken|Not saved yet)/)).toBeNull();
});

test("recording is switched off and the page follows", async () => {
  const off = camera("Front door", { record: false });
  let isOff = false;
  world({
    "POST /cameras/front-door/recording/stop": () => {
      isOff = true;
      return off;
    },
    "GET /status": () => [isOff ? status(off, { state: "stopped" }) : status(door)],
  });
  openApp("/cameras/front-door");

  await userEvent.click(await screen.findByRole("button", { name: "Stop recording" }));

  expect(await screen.findByRole("button", { name: "Start recording" })).toBeTruthy();
});

test("before a camera is deleted the page says what happens to its footage", async () => {
  let isDeleted = false;
  world({
    "DELETE /cameras/front-door": () => {
      isDeleted = true;
      return { camera: door, detail: "" };
    },
  });
  const router = openApp("/cameras/front-door");

  await userEvent.click(await screen.findByRole("button", { name: "Delete…" }));
  const dialog = await screen.findByRole("alertdialog", { name: "Delete Front door?" });
  expect(dialog.textContent).toContain("Footage that was recorded stays");
  expect(isDeleted).toBe(false);
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete the camera" }));

  await screen.findByRole("heading", { name: "Cameras", level: 1 });
  expect(isDeleted).toBe(true);
  expect(router.state.location.pathname).toBe("/cameras");
});

test("a camera that one may not see is told as one that is not there", async () => {
  world();
  openApp("/cameras/cellar");

  expect(await screen.findByText("There is no camera “cellar”")).toBeTruthy();
});

test("an operator may have a rejected login tried again, without managing the device", async () => {
  let tried = 0;
  const rejecting = camera("Front door", { url: null, sub_url: null, device_id: "gate" });
  world({
    "GET /session": () => me("cameras:read", "cameras:operate"),
    "GET /cameras": () => [rejecting],
    "GET /status": () => [status(rejecting, { state: "unauthorized", detail: "login refused" })],
    "POST /devices/gate/retry-login": () => {
      tried += 1;
      return {};
    },
  });
  openApp("/cameras/front-door");

  await userEvent.click(await screen.findByRole("button", { name: "Try this login again" }));

  await vi.waitFor(() => expect(tried).toBe(1));
  expect(screen.queryByRole("button", { name: "Enter another login" })).toBeNull();
});
