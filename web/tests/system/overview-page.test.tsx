// @vitest-environment happy-dom

import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import type { Schemas } from "../../src/api/client";
import { openApp } from "../app/worlds";
import { world } from "./samples";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const AT = "2026-11-20T10:00:00.000Z";

const service = (more: Partial<Schemas["ServiceView"]>): Schemas["ServiceView"] => ({
  service: "recorder",
  instance: "1",
  version: "0.1.0",
  started_at: AT,
  seen_at: AT,
  state: "up",
  figures: [],
  ...more,
});
const stored = (camera_id: string, bytes: number) => ({
  camera_id,
  bytes,
  objects: 12,
  seconds: 86_400,
  oldest: AT,
  newest: AT,
});

function overview(services: object[], cameras: ReturnType<typeof stored>[] = []): void {
  const bytes = cameras.reduce((sum, camera) => sum + camera.bytes, 0);
  world({
    "GET /system/services": () => services,
    "GET /storage": () => ({ objects: 12 * cameras.length, bytes, seconds: 86_400, cameras }),
  });
  openApp("/system/overview");
}

test("a service that fell silent is told on top, with what to do", async () => {
  overview([service({}), service({ service: "streamer", instance: "2", state: "silent" })]);

  const alert = await screen.findByRole("alert");

  expect(alert.textContent).toContain("Not heard of: streamer 2");
});

test("how full a spool is, is told in words and as a meter", async () => {
  const figure = (name: string, value: number) => ({ name, label: name, value, unit: "bytes" });
  overview([
    service({ figures: [figure("spool_bytes", 19e9), figure("spool_limit_bytes", 20e9)] }),
  ]);

  const meter = await screen.findByRole("meter", { name: "Spool" });

  expect(meter.getAttribute("aria-valuetext")).toBe("19.0 GB of 20.0 GB (95 %)");
  expect(meter.querySelector("[data-level]")?.getAttribute("data-level")).toBe("bad");
});

test("the store is shared out among the cameras, deleted ones too", async () => {
  overview([], [stored("gone-camera", 1e9), stored("yard", 3e9)]);

  expect(await screen.findByText("75 %")).toBeTruthy();
  expect(screen.getByText("25 %")).toBeTruthy();
  const row = (await screen.findByText("deleted")).closest("tr");
  expect(row?.textContent).toContain("gone-camera");
});

test("an empty store is told as such", async () => {
  overview([]);

  expect(await screen.findByText(/Nothing is stored yet/)).toBeTruthy();
});

test("arrow keys move in the coverage map, and a day leads to its playback", async () => {
  const day = (name: string, unexplained: number) => ({
    day: name,
    started_at: `${name}T00:00:00.000Z`,
    ended_at: `${name}T23:59:00.000Z`,
    wanted: 86_400,
    recorded: 86_400 - unexplained,
    unasked: 0,
    missing: unexplained,
    explained: 0,
    pending: 0,
    unexplained,
  });
  const days = [day("2026-11-19", 0), day("2026-11-20", 90)];
  world({ "GET /coverage": () => [{ camera_id: "yard", tz: "UTC", days }] });
  openApp("/system/coverage");

  expect((await screen.findByRole("alert")).textContent).toContain("1 min 30 s are missing");
  const cells = screen.getAllByRole("link", { name: /percent/ });
  cells[1]?.focus();
  await userEvent.keyboard("{ArrowLeft}");
  expect(document.activeElement).toBe(cells[0]);
  expect(cells[0]?.getAttribute("href")).toBe("/playback?camera=yard&at=2026-11-19T00:00:00.000Z");
});
