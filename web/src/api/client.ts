/** The API with types from its own description. Errors are thrown as ApiError. */

import createClient from "openapi-fetch";
import { ApiError, errorOf, NO_ANSWER } from "./errors";
import { renew, sessionGeneration } from "./refresh";
import type { components, paths } from "./schema";
import { observeServer } from "./server-now";

export type Schemas = components["schemas"];

/** A probe or a long list may take a while; nothing takes longer. */
const TIMEOUT_MS = 60_000;
/** Refused here means a wrong password or no session, and renewing does not help. */
const SESSION_PATHS = new Set(["/api/v1/session/refresh"]);

type Listener = () => void;
const listeners = new Set<Listener>();

/** Calls back when the server does not know the session any more. */
export function onSessionEnded(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  fetch: send,
  querySerializer: { array: { style: "form", explode: true } },
});

/** The data of an answer; throws ApiError. Use as `call(api.GET("/api/v1/cameras"))`. */
export async function call<T>(
  pending: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await pending;
  if (!response.ok) throw errorOf(response, error);
  return data as T; // an answer without a body has type `undefined`
}

/** Sends a request; renews the session once where the server does not take it. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const began = sessionGeneration();
  const answer = await attempt(request);
  if (answer.status !== 401 || isAboutSession(request)) return answer;
  const renewal = sessionGeneration() !== began ? "renewed" : await renew();
  if (renewal === "away") throw new ApiError(NO_ANSWER, 0); // the session may well go on
  const second = renewal === "renewed" ? await attempt(again) : answer;
  if (second.status === 401) for (const listener of [...listeners]) listener();
  return second;
}

function isAboutSession(request: Request): boolean {
  const path = new URL(request.url).pathname;
  const isSignIn = path === "/api/v1/session" && request.method === "POST";
  return isSignIn || SESSION_PATHS.has(path);
}

async function attempt(request: Request): Promise<Response> {
  // iPhones that play by the browser's own player are too old for `any`; they wait for longer
  const signal = AbortSignal.any?.([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const answer = await fetch(request, { signal, cache: "no-store" });
    observeServer(answer);
    return answer;
  } catch (error) {
    if (request.signal.aborted) throw error; // whoever asked has gone
    throw new ApiError(NO_ANSWER, 0);
  }
}
