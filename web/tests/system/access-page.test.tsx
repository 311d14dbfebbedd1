// @vitest-environment happy-dom

import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { answering, me, openApp, problem } from "../app/worlds";
import { entry, key, session, user, world } from "./samples";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("without keys the page says what they are for", async () => {
  world({ "GET /api-keys": () => [] });
  openApp("/system/api-keys");

  expect(await screen.findByText("No API keys")).toBeTruthy();
});

test("a key has the permissions that were ticked, and is shown once", async () => {
  let sent: unknown;
  world({
    "GET /api-keys": () => [],
    "POST /api-keys": async (request) => {
      sent = await request.json();
      return { key: "evf_shown-once", ...key("wall") };
    },
  });
  openApp("/system/api-keys");

  await userEvent.click(await screen.findByRole("button", { name: "Make a key" }));
  await userEvent.type(screen.getByLabelText(/^Name/), "wall");
  await userEvent.click(screen.getByRole("checkbox", { name: "Watch live" }));
  await userEvent.click(screen.getByRole("radio", { name: "Only some" }));
  await userEvent.click(screen.getByRole("checkbox", { name: "Front door" }));
  await userEvent.click(screen.getByRole("button", { name: "Make the key" }));

  expect((await screen.findByLabelText<HTMLInputElement>("Key wall")).value).toBe("evf_shown-once");
  expect(sent).toEqual({
    name: "wall",
    permissions: ["cameras:read", "live:watch"],
    all_cameras: false,
    camera_ids: ["front-door"],
    group_ids: [],
  });
  await userEvent.click(screen.getByRole("button", { name: "Done" }));
  expect(screen.queryByDisplayValue("evf_shown-once")).toBeNull();
});

test("a key without any permission cannot be made", async () => {
  world({ "GET /api-keys": () => [] });
  openApp("/system/api-keys");

  await userEvent.click(await screen.findByRole("button", { name: "Make a key" }));
  await userEvent.click(screen.getByRole("checkbox", { name: /^See cameras/ }));

  const make = screen.getByRole<HTMLButtonElement>("button", { name: "Make the key" });
  expect(make.disabled).toBe(true);
});

test("a key is told with what it may do, and revoked after a question", async () => {
  const keys = [key("wall", { all_cameras: false, group_ids: ["entrance"] })];
  world({
    "GET /api-keys": () => keys,
    "DELETE /api-keys/evf_Ab3dE9": () => {
      keys.pop();
      return new Response(null, { status: 204 });
    },
  });
  openApp("/system/api-keys");

  expect(await screen.findByText("See cameras, their state and health")).toBeTruthy();
  expect(await screen.findByText("Group Entrance")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Revoke wall" }));
  const question = await screen.findByRole("alertdialog", { name: "Revoke wall?" });
  expect(keys).toHaveLength(1);
  await userEvent.click(within(question).getByRole("button", { name: "Revoke" }));

  expect(await screen.findByText("No API keys")).toBeTruthy();
});

test("one's own session cannot be ended in the list, others can", async () => {
  const sessions = [session("carol", { current: true }), session("vera")];
  world({
    "GET /sessions": () => sessions,
    "DELETE /sessions/session%20of%20vera": () => {
      sessions.pop();
      return new Response(null, { status: 204 });
    },
  });
  openApp("/system/sessions");

  expect(await screen.findByText("this browser")).toBeTruthy();
  expect(screen.getAllByText("Firefox on Linux")).toHaveLength(2);
  await userEvent.click(screen.getByRole("button", { name: /^End the session of/ }));
  await userEvent.click(await screen.findByRole("button", { name: "End the session" }));

  await vi.waitFor(() => expect(screen.queryByRole("rowheader", { name: "vera" })).toBeNull());
  expect(screen.getByRole("rowheader", { name: /carol/ })).toBeTruthy();
});

test("a viewer has coverage and sessions, whatever the address says", async () => {
  answering({ "GET /session": () => me("cameras:read", "live:watch", "footage:read") });
  const router = openApp("/system/users");

  const tabs = await screen.findAllByRole("tab");

  expect(tabs.map((tab) => tab.textContent)).toEqual(["Coverage", "Sessions"]);
  expect(router.state.location.pathname).toBe("/system/coverage");
});

test("the audit log tells who did what, with names instead of ids", async () => {
  world({
    "GET /users": () => [user("vera")],
    "GET /audit": () => ({
      items: [
        entry({ entry_id: 3, action: "footage.played", camera_id: "yard" }),
        entry({
          entry_id: 2,
          action: "user.changed",
          subject: "id of vera",
          detail: { name: "vera", role: "viewer", all_cameras: false, camera_ids: ["front-door"] },
        }),
        entry({ entry_id: 1, kind: "key", actor: "wall", action: "made.up_thing" }),
      ],
      next_cursor: null,
    }),
  });
  openApp("/system/audit");

  const table = await screen.findByRole("table", { name: "Audit log" });

  expect(within(table).getByText("played footage")).toBeTruthy();
  expect(await within(table).findByText("Yard")).toBeTruthy();
  expect(within(table).getByText("vera; role: viewer; cameras: Front door")).toBeTruthy();
  expect(within(table).getByText("wall (API key)")).toBeTruthy();
  expect(within(table).getByText("made up thing")).toBeTruthy();
});

test("filters of the audit log stand in the address and are sent to the server", async () => {
  const asked: URLSearchParams[] = [];
  world({
    "GET /users": () => [user("vera")],
    "GET /audit": (request) => {
      asked.push(new URL(request.url).searchParams);
      return { items: [], next_cursor: null };
    },
  });
  const router = openApp("/system/audit?camera=yard");

  expect(await screen.findByText("No entries")).toBeTruthy();
  await userEvent.click(await screen.findByRole("button", { name: /^Who|Anybody/ }));
  await userEvent.click(await screen.findByRole("option", { name: "vera" }));

  await vi.waitFor(() => expect(asked.at(-1)?.get("actor")).toBe("id of vera"));
  expect(asked.at(-1)?.get("camera")).toBe("yard");
  expect(new URLSearchParams(router.state.location.search).get("actor")).toBe("id of vera");
});

test("a log that cannot be read can be asked for again", async () => {
  let isUp = false;
  world({
    "GET /audit": () =>
      isUp
        ? { items: [entry()], next_cursor: null }
        : problem(403, "this needs the permission users:write"),
  });
  openApp("/system/audit");

  expect(await screen.findByText("This needs the permission users:write.")).toBeTruthy();
  isUp = true;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));

  expect(await screen.findByText("signed in")).toBeTruthy();
});
