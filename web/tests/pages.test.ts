import { expect, test } from "vitest";
import { readParams, writeParams } from "../src/pages/params";
import { describeBehind, describeState, searchCameras } from "../src/pages/words";
import { problemDetail } from "../src/player/problem";

test.each([
  ["", ""],
  ["?camera=door", "?camera=door"],
  ["?camera=door&transport=ll-hls&rendition=sub", "?camera=door&transport=ll-hls&rendition=sub"],
  ["?camera=door&transport=hls", "?camera=door&transport=ll-hls"],
  ["?camera=door&transport=pigeon&rendition=huge", "?camera=door"],
  ["?wall", "?wall=1"],
  ["?wall=0&camera=door", "?camera=door"],
  ["?cameras=a,b,a", "?wall=1&cameras=a,b"],
  ["?wall=1&transport=hls", "?wall=1&transport=ll-hls"],
])("the address %s means %s", (address, meaning) => {
  expect(writeParams(readParams(address))).toBe(meaning);
});

test("a wall has sixteen tiles at most", () => {
  const many = Array.from({ length: 40 }, (_, number) => `c${number}`).join();
  expect(readParams(`?cameras=${many}`).cameras.length).toBe(16);
});

test("states are told in words", () => {
  expect(describeState({ kind: "live" }, 0)).toEqual({ text: "live", tone: "good" });
  const lost = { kind: "reconnecting", detail: "the server restarts", retryAtMs: 4_200 } as const;
  expect(describeState(lost, 1_000).text).toBe("reconnecting in 4 s: the server restarts");
  expect(describeState(lost, 9_000).text).toBe("reconnecting in 0 s: the server restarts");
  expect(describeState({ kind: "waiting", detail: "" }, 0).text).toBe("waiting");
});

test("seconds behind live are told as exactly as they matter", () => {
  const texts = [null, 0.34, 4.96, 42.4, 600].map((seconds) => describeBehind(seconds).text);
  expect(texts).toEqual(["–", "0.3 s", "5.0 s", "42 s", "10 min"]);
  expect(describeBehind(0.4).tone).toBe("good");
  expect(describeBehind(9).tone).toBe("bad");
});

test("cameras are found by words of their name or id, in any order", () => {
  const cameras = [
    { camera_id: "front-door", name: "Front door" },
    { camera_id: "yard-2", name: "Yard" },
  ];
  const found = (text: string) => searchCameras(cameras, text).map(({ name }) => name);
  expect(found("")).toEqual(["Front door", "Yard"]);
  expect(found(" DOOR  fr")).toEqual(["Front door"]);
  expect(found("2")).toEqual(["Yard"]);
  expect(found("attic")).toEqual([]);
});

test("the detail of a problem body is found, and nothing else is taken for one", () => {
  expect(problemDetail('{"detail":"offline"}')).toBe("offline");
  for (const text of ["", "null", "[]", '{"detail":1}', '{"detail":""}', "<html>"]) {
    expect(problemDetail(text)).toBeNull();
  }
});
