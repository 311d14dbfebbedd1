import { expect, test } from "vitest";
import { actionText, detailText } from "../../src/system/audit-words";

const names = new Map([
  ["front-door", "Front door"],
  ["entrance", "Entrance"],
  ["4f1c", "vera"],
]);
const nameOf = (id: string) => names.get(id);
const told = (action: string, detail = {}, subject = "", camera_id: string | null = null) =>
  detailText({ action, camera_id, subject, detail }, nameOf);

test("ids become names where there are some", () => {
  expect(told("user.changed", { fields: ["password"] }, "4f1c")).toBe("vera; fields: password");
  expect(told("user.changed", { fields: ["password"] }, "gone")).toBe("gone; fields: password");
});

test("what was granted is told as cameras", () => {
  const rights = { name: "vera", role: "viewer", camera_ids: ["front-door"], disabled: false };
  expect(told("user.created", { ...rights, group_ids: ["entrance"], all_cameras: false })).toBe(
    "vera; role: viewer; cameras: Front door, Entrance",
  );
  expect(told("user.created", { ...rights, camera_ids: [], all_cameras: true })).toBe(
    "vera; role: viewer; cameras: all cameras",
  );
  expect(told("user.changed", { name: "vera", disabled: true })).toBe("vera; disabled");
});

test("a group is told by what stands inside of it", () => {
  const group = { name: "Entrance", camera_ids: ["front-door"] };
  expect(told("group.created", { group }, "entrance")).toBe("Entrance; cameras: Front door");
});

test("ids of sessions and scans, and a name that the camera's column has, are left out", () => {
  expect(told("session.ended", {}, "8cf86ca9")).toBe("");
  expect(told("scan.started", { where: "192.0.2.0/24" }, "77")).toBe("where: 192.0.2.0/24");
  expect(told("camera.added", { name: "Front door" }, "", "front-door")).toBe("");
});

test("a range begins with its begin", () => {
  const range = { to: "later", stream: "main", from: "early" };
  expect(told("footage.played", range)).toBe("from: early; to: later; stream: main");
});

test("who was refused is named", () => {
  expect(told("session.refused", {}, "4f1c")).toBe("vera");
});

test("an action that is not known is told as it is called", () => {
  expect(actionText("audit.read")).toBe("read the audit log");
  expect(actionText("moon.phase_changed")).toBe("moon phase changed");
});
