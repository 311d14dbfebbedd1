/** Signing in and out, and who is signed in. */

import { queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";
import { ApiError } from "../api/errors";

export type Me = Schemas["Me"];
export type Permission = Schemas["Permission"];

const SESSION = "/api/v1/session";

/** Who is signed in; null: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: readSession,
  staleTime: 60_000,
  gcTime: Number.POSITIVE_INFINITY,
});

async function readSession(): Promise<Me | null> {
  try {
    return await call(api.GET(SESSION));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export const signIn = (name: string, password: string): Promise<Me> =>
  call(api.POST(SESSION, { body: { name, password } }));

export const signOut = () => call(api.DELETE(SESSION));

export const changePassword = (current: string, fresh: string) =>
  call(api.PUT(`${SESSION}/password`, { body: { current, new: fresh } }));
