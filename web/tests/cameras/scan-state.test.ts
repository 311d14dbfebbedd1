import { expect, test } from "vitest";
import {
  addressOf,
  deviceName,
  isAddable,
  isAdded,
  readEvent,
  readPorts,
  type ScanState,
  splitTargets,
  targetProblem,
  told,
} from "../../src/cameras/scan-state";
import { details, found, summary } from "./samples";

const state: ScanState = { summary: summary(), devices: [found("a"), found("b")] };

test("a device that is told again takes its own place", () => {
  const again = found("a", { host: "192.0.2.30" });

  const after = told(state, { name: "device", device: again });

  expect(after.devices.map(({ found_id, host }) => [found_id, host])).toEqual([
    ["a", "192.0.2.30"],
    ["b", "192.0.2.20"],
  ]);
});

test("progress keeps the devices", () => {
  const after = told(state, { name: "end", summary: summary({ state: "finished", checked: 100 }) });

  expect(after.summary.state).toBe("finished");
  expect(after.devices).toHaveLength(2);
});

test.each([
  ["device", ""],
  ["device", "{}"],
  ["progress", "[]"],
  ["end", "null"],
  ["other", '{"scan_id":"x"}'],
])("garbage is no event: %s %s", (name, text) => {
  expect(readEvent(name, text)).toBeNull();
});

test("what is there already cannot be added again", () => {
  const device = found("a", { device_id: "door" });
  const server = found("b", { driver: null, camera_ids: ["door"] });

  expect([isAdded(device), isAddable(device)]).toEqual([true, false]);
  expect([isAdded(server), isAddable(server)]).toEqual([true, false]);
  expect([isAdded(found("c")), isAddable(found("c"))]).toEqual([false, true]);
  expect(isAddable(found("d", { driver: null }))).toBe(false);
});

test.each([
  [found("a", { details: details() }), "Example NVR-8"],
  [found("a", { scopes: ["onvif://www.onvif.org/name/Front%20door"] }), "Front door"],
  [found("a", { scopes: ["onvif://www.onvif.org/name/100%"] }), "100%"],
  [found("a", { device_id: "door" }), "door"],
  [found("a"), "192.0.2.20"],
])("a device has the best name that is known", (device, name) => {
  expect(deviceName(device)).toBe(name);
});

test("addresses of IPv6 stand in brackets", () => {
  expect(addressOf(found("a", { host: "2001:db8::1", use_tls: true, port: 443 }))).toBe(
    "https://[2001:db8::1]:443",
  );
});

test("targets are separated as people do", () => {
  expect(splitTargets(" 192.0.2.0/24, 192.0.2.1;\n198.51.100.1 ")).toEqual([
    "192.0.2.0/24",
    "192.0.2.1",
    "198.51.100.1",
  ]);
});

test.each([
  ["", []],
  ["80, 8080 554", [80, 8080, 554]],
  ["0", null],
  ["65536", null],
  ["80-90", null],
  ["1e3x", null],
])("ports %j are %j", (text, ports) => {
  expect(readPorts(text)).toEqual(ports);
});

test("a refused target is named as it was written", () => {
  const fields = [
    { field: "targets[1]", problem: "must be an address." },
    { field: "ports", problem: "x" },
  ];

  expect(targetProblem(fields, ["192.0.2.1", "300.1.1.1"])).toBe("300.1.1.1: must be an address.");
  expect(targetProblem([{ field: "ports", problem: "x" }], [])).toBeUndefined();
});
