import { expect, test } from "vitest";
import { type Filter, filterRows, readFilter, rowsOf, writeFilter } from "../../src/cameras/filter";
import { camera, health, status } from "./samples";

const gate10 = camera("Gate 10");
const gate2 = camera("Gate 2", { record: false, url: "rtsp://192.0.2.99/a" });
const yard = camera("Yard", { health: health({ state: "offline" }) });
const group = { group_id: "entrances", name: "Entrances", camera_ids: ["gate-2", "gone"] };
const rows = rowsOf(
  [gate10, yard, gate2],
  [status(gate10), status(gate2, { state: "stopped" }), status(yard, { state: "offline" })],
  [group],
);
const ALL: Filter = { search: "", state: "all", group: null };
const names = (filter: Partial<Filter>) =>
  filterRows(rows, { ...ALL, ...filter }).map((row) => row.camera.name);

test("cameras stand as people count", () => {
  expect(names({})).toEqual(["Gate 2", "Gate 10", "Yard"]);
});

test.each([
  [{ search: "gate" }, ["Gate 2", "Gate 10"]],
  [{ search: " 192.0.2.99 " }, ["Gate 2"]],
  [{ search: "GATE 10" }, ["Gate 10"]],
  [{ search: "recorder-1 yard" }, ["Yard"]],
  [{ state: "recording" }, ["Gate 10"]],
  [{ state: "stopped" }, ["Gate 2"]],
  [{ state: "problem" }, ["Yard"]],
  [{ group: "entrances" }, ["Gate 2"]],
  [{ group: "nowhere" }, []],
] as [Partial<Filter>, string[]][])("%j leaves %j", (filter, left) => {
  expect(names(filter)).toEqual(left);
});

test("the address keeps the filter, and what is none of ours there changes nothing", () => {
  const filter: Filter = { search: "a & b", state: "problem", group: "x" };

  expect(readFilter(new URLSearchParams(writeFilter(filter).toString()))).toEqual(filter);
  expect(writeFilter(ALL).toString()).toBe("");
  expect(readFilter(new URLSearchParams("state=constructor&group="))).toEqual(ALL);
});
