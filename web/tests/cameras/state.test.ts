import { expect, test } from "vitest";
import type { Status } from "../../src/api/cameras";
import { describe as describeCamera, describeHealth, lastSeen } from "../../src/cameras/state";
import { camera, health, status } from "./samples";

const door = camera("Door");

test.each([
  ["recording", "Recording", "good"],
  ["connecting", "Connecting", "busy"],
  ["offline", "Offline", "bad"],
  ["unauthorized", "Unauthorized", "bad"],
  ["error", "No usable stream", "bad"],
  ["live", "Stopped, watched live", "accent"],
  ["unknown", "No recorder", "bad"],
] as [Status["state"], string, string][])("%s reads as %s", (state, label, tone) => {
  expect(describeCamera(door, status(door, { state }))).toMatchObject({ label, tone });
});

test("a camera that is switched off is told by its health", () => {
  const off = camera("Door", { record: false, health: health({ state: "offline" }) });

  expect(describeCamera(off, undefined)).toMatchObject({ label: "Stopped, offline", tone: "bad" });
  expect(describeCamera(camera("Door", { record: false }), undefined)).toMatchObject({
    label: "Stopped",
    tone: "plain",
  });
});

test("before the first answer nothing is claimed", () => {
  expect(describeCamera(door, undefined)).toMatchObject({ label: "…", tone: "plain" });
});

test("a camera that comes and goes is not simply reachable", () => {
  expect(describeHealth({ state: "online", is_flapping: true })).toEqual({
    label: "Reachable, comes and goes",
    tone: "busy",
  });
});

test("a camera that is away was last there when it went", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");

  expect(lastSeen(health(), now)).toBe("now");
  expect(lastSeen(health({ state: "unknown", since: null }), now)).toBe("–");
  expect(lastSeen(health({ state: "offline" }), now)).toMatch(/^20 Nov 2026, /);
});
