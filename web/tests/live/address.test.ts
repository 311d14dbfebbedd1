import { expect, test } from "vitest";
import { readAddress, writeAddress } from "../../src/live/address";

test.each([
  ["", ""],
  ["camera=door", "camera=door"],
  ["camera=b&camera=a&camera=b&camera=", "camera=b&camera=a"],
  ["camera=door&transport=ll-hls&rendition=sub", "camera=door&transport=ll-hls&rendition=sub"],
  ["camera=door&transport=hls", "camera=door&transport=ll-hls"],
  ["camera=door&transport=pigeon&rendition=huge", "camera=door"],
  ["transport=websocket", "transport=websocket"],
  ["grid=3", "grid=3"],
  ["grid=3&page=2&group=yard", "grid=3&page=2&group=yard"],
  ["grid=9", ""],
  ["grid=2&page=-4", "grid=2"],
  ["grid=2&page=many", "grid=2"],
  ["grid=2&page=1e99", "grid=2&page=1000"],
  ["layout=Night+shift", "layout=Night+shift"],
  ["layout=", ""],
])("the address ?%s means ?%s", (address, meaning) => {
  expect(writeAddress(readAddress(new URLSearchParams(address))).toString()).toBe(meaning);
});

test("an address names sixteen cameras at most", () => {
  const query = new URLSearchParams();
  for (let number = 0; number < 40; number++) query.append("camera", `c${number}`);
  const { view } = readAddress(query);
  expect(view.kind === "cameras" && view.cameras.length).toBe(16);
});
