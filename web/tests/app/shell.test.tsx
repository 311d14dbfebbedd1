// @vitest-environment happy-dom

import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { answering, me, openApp, problem } from "./worlds";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  localStorage.clear();
});

test("the navigation has only what one may see", async () => {
  answering({ "GET /session": () => me("cameras:read", "system:read") });
  openApp("/cameras");

  const pages = await screen.findByRole("navigation", { name: "Pages" });

  expect(
    within(pages)
      .getAllByRole("link")
      .map((link) => link.textContent),
  ).toEqual(["Cameras", "System"]);
});

test("the first address leads to the first page that one may see", async () => {
  answering({ "GET /session": () => me("cameras:read") });
  const router = openApp("/");

  await screen.findByRole("heading", { name: "Cameras", level: 1 });

  expect(router.state.location.pathname).toBe("/cameras");
});

test("a page that one may not see says so", async () => {
  answering({ "GET /session": () => me("cameras:read") });
  openApp("/recordings");

  expect(await screen.findByText("Not for your account")).toBeTruthy();
});

test("an address that leads nowhere says so", async () => {
  answering({ "GET /session": () => me("cameras:read") });
  openApp("/nowhere");

  expect(await screen.findByText("There is no such page")).toBeTruthy();
});

test("a server that is away is told, with a way to try again", async () => {
  let isUp = false;
  answering({
    "GET /session": () => (isUp ? me("cameras:read") : problem(403, "the server is being set up")),
  });
  openApp("/cameras");

  await screen.findByText("Everframe cannot be reached");
  isUp = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  expect(await screen.findByRole("heading", { name: "Cameras", level: 1 })).toBeTruthy();
});

test("the list of shortcuts opens with a question mark", async () => {
  answering({ "GET /session": () => me("cameras:read", "live:watch") });
  openApp("/cameras");
  await screen.findByRole("heading", { name: "Cameras", level: 1 });

  await userEvent.keyboard("?");

  const dialog = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  expect(within(dialog).getByText("Go to Live")).toBeTruthy();
});

test("signing out leads to the sign-in page", async () => {
  let isIn = true;
  answering({
    "GET /session": () => (isIn ? me("cameras:read") : problem(401, "sign in")),
    "POST /session/refresh": () => problem(401, "sign in"),
    "DELETE /session": () => {
      isIn = false;
      return new Response(null, { status: 204 });
    },
  });
  const router = openApp("/cameras");

  await userEvent.click(await screen.findByRole("button", { name: /carol/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Sign out" }));

  expect(await screen.findByLabelText(/^Password/)).toBeTruthy();
  expect(router.state.location.pathname).toBe("/sign-in");
});

test("a chosen theme marks the document and is remembered", async () => {
  answering({ "GET /session": () => me("cameras:read") });
  openApp("/cameras");

  await userEvent.click(await screen.findByRole("button", { name: /carol/ }));
  await userEvent.click(await screen.findByRole("menuitemradio", { name: "Dark" }));

  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(localStorage.getItem("everframe.theme")).toBe("dark");
});

test("signing out in another tab signs out here", async () => {
  let isIn = true;
  answering({
    "GET /session": () => (isIn ? me("cameras:read") : problem(401, "sign in")),
    "POST /session/refresh": () => problem(401, "sign in"),
  });
  openApp("/cameras");
  await screen.findByRole("heading", { name: "Cameras", level: 1 });

  isIn = false;
  const tab = new BroadcastChannel("everframe.session");
  tab.postMessage("changed");

  expect(await screen.findByLabelText(/^Password/)).toBeTruthy();
  tab.close();
});
