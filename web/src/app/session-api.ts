/** Signing in and out, and who is signed in. */

import { queryOptions } from "@tanstack/react-query";
import { send } from "../api/client";
import { ApiError, errorOf } from "../api/errors";

export type Permission =
  | "cameras:read"
  | "live:watch"
  | "footage:read"
  | "cameras:operate"
  | "cameras:write"
  | "system:read"
  | "users:write";

export interface Me {
  kind: "user" | "key";
  id: string;
  name: string;
  role: "admin" | "operator" | "viewer" | null;
  permissions: Permission[];
  all_cameras: boolean;
  session_id: string | null;
  expires_at: string | null;
}

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
    return await request<Me>("GET", SESSION);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export const signIn = (name: string, password: string): Promise<Me> =>
  request<Me>("POST", SESSION, { name, password });

export const signOut = (): Promise<void> => request("DELETE", SESSION);

export const changePassword = (current: string, fresh: string): Promise<void> =>
  request("PUT", `${SESSION}/password`, { current, new: fresh });

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await send(
    new Request(new URL(path, location.origin), {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    }),
  );
  const text = await answer.text();
  const data: unknown = parsed(text);
  if (!answer.ok) throw errorOf(answer, data);
  return data as T;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
