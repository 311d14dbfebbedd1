// @vitest-environment happy-dom

import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import type { User } from "../../src/system/users-api";
import { openApp, problem } from "../app/worlds";
import { user, world } from "./samples";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** A server that keeps its users; `sent` holds the bodies of what changes them. */
function keeping(users: User[]) {
  const sent: unknown[] = [];
  const [first] = users;
  const path = `/users/${encodeURIComponent(first?.user_id ?? "")}`;
  world({
    "GET /users": () => users,
    "POST /users": async (request) => {
      sent.push(await request.json());
      const made = user("nina");
      users.push(made);
      return { user: made, password: "kept-by-nobody" };
    },
    [`PATCH ${path}`]: async (request) => {
      const body = await request.json();
      sent.push(body);
      users[0] = { ...user("vera"), disabled_at: body.disabled ? "2026-11-20T10:00:00Z" : null };
      return users[0];
    },
    [`POST ${path}/password`]: () => ({ password: "made-once" }),
    [`DELETE ${path}`]: () => {
      users.shift();
      return new Response(null, { status: 204 });
    },
  });
  openApp("/system/users");
  return sent;
}

async function choose(name: string, action: string): Promise<void> {
  await userEvent.click(await screen.findByRole("button", { name: `Actions for ${name}` }));
  await userEvent.click(await screen.findByRole("menuitem", { name: action }));
}

/** The page behind it has a button of the same name. */
const inDialog = () => within(screen.getByRole("dialog", { name: "Add user" }));

test("each user is told with role, groups and cameras", async () => {
  keeping([
    user("vera", { group_ids: ["entrance"], camera_ids: ["yard"] }),
    user("boss", { role: "admin", all_cameras: true }),
    user("new"),
  ]);

  const row = (await screen.findByRole("rowheader", { name: "vera" })).closest("tr");
  if (row === null) throw new Error("no row");

  expect(await within(row).findByText("Group Entrance")).toBeTruthy();
  expect(within(row).getByText("Yard")).toBeTruthy();
  expect(screen.getByText("All cameras")).toBeTruthy();
  expect(screen.getByText("No camera")).toBeTruthy();
});

test("a new user gets what was ticked, and the password is shown once", async () => {
  const sent = keeping([user("vera")]);

  await userEvent.click(await screen.findByRole("button", { name: "Add user" }));
  await userEvent.type(screen.getByLabelText(/^Name/), "nina");
  await userEvent.click(screen.getByRole("radio", { name: /^Operator/ }));
  await userEvent.click(screen.getByRole("checkbox", { name: "Entrance" }));
  await userEvent.click(screen.getByRole("checkbox", { name: "Yard" }));
  await userEvent.click(inDialog().getByRole("button", { name: "Add user" }));

  const secret = await screen.findByLabelText<HTMLInputElement>("Password of nina");
  expect(secret.value).toBe("kept-by-nobody");
  expect(sent).toEqual([
    {
      name: "nina",
      role: "operator",
      all_cameras: false,
      camera_ids: ["yard"],
      group_ids: ["entrance"],
    },
  ]);

  await userEvent.click(screen.getByRole("button", { name: "Done" }));
  expect(screen.queryByDisplayValue("kept-by-nobody")).toBeNull();
  expect(await screen.findByRole("rowheader", { name: "nina" })).toBeTruthy();
});

test("an admin sees every camera, so nothing can be ticked", async () => {
  const sent = keeping([user("vera")]);

  await userEvent.click(await screen.findByRole("button", { name: "Add user" }));
  await userEvent.type(screen.getByLabelText(/^Name/), "nina");
  await userEvent.click(screen.getByRole("radio", { name: /^Admin/ }));

  expect(screen.queryByRole("checkbox")).toBeNull();
  await userEvent.click(inDialog().getByRole("button", { name: "Add user" }));
  await screen.findByLabelText("Password of nina");
  expect(sent).toMatchObject([{ role: "admin", all_cameras: true }]);
});

test("what is wrong with a field stands at the field, and the dialog stays", async () => {
  world({
    "GET /users": () => [],
    "POST /users": () =>
      problem(422, "1 field is not as it must be", {
        errors: [{ field: "name", problem: "must not begin with a blank" }],
      }),
  });
  openApp("/system/users");

  await userEvent.click(await screen.findByRole("button", { name: "Add user" }));
  await userEvent.type(screen.getByLabelText(/^Name/), "x");
  await userEvent.click(inDialog().getByRole("button", { name: "Add user" }));

  expect(await screen.findByText("Must not begin with a blank.")).toBeTruthy();
  expect(screen.getByRole("dialog", { name: "Add user" })).toBeTruthy();
});

test("disabling is asked for first, and can be taken back", async () => {
  const sent = keeping([user("vera")]);

  await choose("vera", "Disable…");
  const question = await screen.findByRole("alertdialog", { name: "Disable vera?" });
  expect(sent).toEqual([]);
  await userEvent.click(within(question).getByRole("button", { name: "Disable" }));

  expect(await screen.findByText("disabled")).toBeTruthy();
  await choose("vera", "Enable");
  expect(await screen.findByRole("rowheader", { name: "vera" })).toBeTruthy();
  expect(sent).toEqual([{ disabled: true }, { disabled: false }]);
});

test("a new password is made after a question, and shown once", async () => {
  keeping([user("vera")]);

  await choose("vera", "Make a new password…");
  const question = await screen.findByRole("alertdialog");
  await userEvent.click(within(question).getByRole("button", { name: "Make a new password" }));

  expect(await screen.findByDisplayValue("made-once")).toBeTruthy();
});

test("deleting can be thought over", async () => {
  const users = [user("vera"), user("boss")];
  keeping(users);

  await choose("vera", "Delete…");
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(users).toHaveLength(2);

  await choose("vera", "Delete…");
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  await screen.findByRole("rowheader", { name: "boss" });
  expect(screen.queryByRole("rowheader", { name: "vera" })).toBeNull();
});

test("why the last admin stays is told in the question", async () => {
  const boss = user("boss", { role: "admin" });
  world({
    "GET /users": () => [boss],
    [`DELETE /users/${encodeURIComponent(boss.user_id)}`]: () =>
      problem(409, "this is the last admin who can sign in"),
  });
  openApp("/system/users");

  await choose("boss", "Delete…");
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));

  expect(await screen.findByText("This is the last admin who can sign in.")).toBeTruthy();
});

test("nobody can delete or disable oneself", async () => {
  keeping([user("carol", { user_id: "1" })]);

  await userEvent.click(await screen.findByRole("button", { name: "Actions for carol" }));

  const items = (await screen.findAllByRole("menuitem")).map((item) => item.textContent);
  expect(items).toEqual(["Change name, role and cameras…"]);
});
