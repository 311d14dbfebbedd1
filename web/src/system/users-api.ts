/** Requests about users, API keys and sessions. */

import { queryOptions } from "@tanstack/react-query";
import { api, call, type Schemas } from "../api/client";

export type User = Schemas["UserView"];
export type ApiKey = Schemas["KeyView"];
export type Session = Schemas["SessionView"];

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }): Promise<User[]> => call(api.GET("/api/v1/users", { signal })),
});

export const addUser = (body: Schemas["UserCreate"]) => call(api.POST("/api/v1/users", { body }));

export const changeUser = (user_id: string, body: Schemas["UserPatch"]) =>
  call(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id } }, body }));

export const deleteUser = (user_id: string) =>
  call(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id } } }));

export const newPassword = (user_id: string) =>
  call(api.POST("/api/v1/users/{user_id}/password", { params: { path: { user_id } } }));

export const keysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: ({ signal }): Promise<ApiKey[]> => call(api.GET("/api/v1/api-keys", { signal })),
});

export const addKey = (body: Schemas["KeyCreate"]) => call(api.POST("/api/v1/api-keys", { body }));

export const revokeKey = (prefix: string) =>
  call(api.DELETE("/api/v1/api-keys/{prefix}", { params: { path: { prefix } } }));

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }): Promise<Session[]> => call(api.GET("/api/v1/sessions", { signal })),
});

export const endSession = (session_id: string) =>
  call(api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id } } }));
