// @vitest-environment happy-dom

import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { answering, me, openApp, problem } from "./worlds";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const nobody = () => problem(401, "sign in");

async function enter(password: string): Promise<void> {
  const user = userEvent.setup();
  const name = await screen.findByLabelText(/^Name/);
  await user.clear(name);
  await user.type(name, "carol");
  await user.type(screen.getByLabelText(/^Password/), password);
  await user.click(screen.getByRole("button", { name: "Sign in" }));
}

test("without a session every page leads to the sign-in page, and back afterwards", async () => {
  let body: unknown;
  answering({
    "GET /session": nobody,
    "POST /session/refresh": nobody,
    "POST /session": async (request) => {
      body = await request.json();
      return me("cameras:read");
    },
  });
  const router = openApp("/cameras?state=offline");

  await enter("a good one");
  await screen.findByRole("heading", { name: "Cameras", level: 1 });

  expect(body).toEqual({ name: "carol", password: "a good one" });
  expect(`${router.state.location.pathname}${router.state.location.search}`).toBe(
    "/cameras?state=offline",
  );
});

test("a wrong pair is told in one sentence, and the password is gone", async () => {
  answering({
    "GET /session": nobody,
    "POST /session/refresh": nobody,
    "POST /session": () => problem(401, "name or password is wrong"),
  });
  openApp("/sign-in");

  await enter("wrong");

  expect((await screen.findByRole("alert")).textContent).toContain("Name or password is wrong");
  expect(screen.getByLabelText<HTMLInputElement>(/^Password/).value).toBe("");
});

test("whoever tries too often is told how long to wait", async () => {
  answering({
    "GET /session": nobody,
    "POST /session/refresh": nobody,
    "POST /session": () => problem(429, "too many", {}, { "Retry-After": "27" }),
  });
  openApp("/sign-in");

  await enter("wrong");

  await screen.findByText("Too many attempts");
  expect(screen.getByText(/Try again in 2[67] s\./)).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Sign in" }).disabled).toBe(true);
});
