import { expect, test } from "vitest";
import { KEEP, patchOf, settingsOf } from "../../src/cameras/changes";
import { camera } from "./samples";

const old = settingsOf(camera("Door", { sub_url: "rtsp://192.0.2.10/small" }));

test("only what is different is sent", () => {
  expect(patchOf(old, { ...old, name: "Front door" }, KEEP)).toEqual({ name: "Front door" });
  expect(patchOf(old, { ...old }, KEEP)).toBeNull();
});

test("an emptied small stream is removed", () => {
  expect(patchOf(old, { ...old, sub_url: "" }, KEEP)).toEqual({ sub_url: null });
});

test("a login is kept, replaced or removed", () => {
  const set = { kind: "set", username: "viewer", password: "secret" } as const;

  expect(patchOf(old, old, set)).toEqual({
    credentials: { username: "viewer", password: "secret" },
  });
  expect(patchOf(old, old, { kind: "remove" })).toEqual({ credentials: null });
});
