// @vitest-environment happy-dom

import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { newQueryClient } from "../../src/api/query-client";
import { DayPicker } from "../../src/playback/day-picker";
import { Zone } from "../../src/playback/zone";
import { answering, problem } from "../app/worlds";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

// Days with footage looked as those without where the calendar could not be loaded.
test("a calendar that cannot be loaded says so, and is asked for again", async () => {
  const user = userEvent.setup();
  let isAllowed = false;
  answering({ "GET /calendar": () => (isAllowed ? [] : problem(429, "too many requests")) });
  const atMs = Date.UTC(2026, 10, 21, 12);
  render(
    <QueryClientProvider client={newQueryClient()}>
      <DayPicker cameras={["door"]} zone={new Zone("UTC")} atMs={atMs} onPick={() => undefined} />
    </QueryClientProvider>,
  );

  await user.click(screen.getByRole("button", { name: /Choose a day/ }));
  await screen.findByText(/Too many requests/);
  expect(screen.queryByText(/no footage/i)).toBeNull();
  isAllowed = true;
  await user.click(screen.getByRole("button", { name: "Try again" }));

  expect(await screen.findByText("No footage in this month")).toBeTruthy();
});
