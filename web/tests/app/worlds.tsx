/** The application over answers that a test gives. */

import { QueryClientProvider } from "@tanstack/react-query";
import { configure, render } from "@testing-library/react";
import { createMemoryRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { vi } from "vitest";
import { newQueryClient } from "../../src/api/query-client";
import { routes } from "../../src/app/router";
import type { Me, Permission } from "../../src/app/session-api";

configure({ asyncUtilTimeout: 8_000 });

export const me = (...permissions: Permission[]): Me => ({
  kind: "user",
  id: "1",
  name: "carol",
  role: "viewer",
  permissions,
  all_cameras: true,
  session_id: "s",
  expires_at: null,
});

export type Answers = Record<string, (request: Request) => unknown>;

/** Answers requests by "METHOD /path"; whatever is not named is an empty list. */
export function answering(answers: Answers): void {
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request =
      input instanceof Request ? input : new Request(`http://here.test${input}`, init);
    const path = new URL(request.url).pathname.replace("/api/v1", "");
    const answer = answers[`${request.method} ${path}`];
    const found = answer === undefined ? [] : await answer(request);
    return found instanceof Response ? found : Response.json(found);
  });
  vi.stubGlobal(
    "EventSource",
    class extends EventTarget {
      close(): void {}
    },
  );
}

export const problem = (status: number, detail: string, more: object = {}, headers = {}) =>
  Response.json({ title: "", status, detail, ...more }, { status, headers });

export function openApp(path: string) {
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  render(
    <QueryClientProvider client={newQueryClient()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}
