import { expect, test } from "vitest";
import { additions, allOf, channelsIn, withChannel, withDevice } from "../../src/cameras/selection";
import { channel, details, found } from "./samples";

const recorder = found("nvr", {
  details: details(channel("1"), channel("2"), channel("3", { is_online: false })),
});

test("a device is added with whatever it has", () => {
  const selection = withDevice({}, "nvr", true);

  expect(additions(selection, [recorder])).toEqual([{ found_id: "nvr" }]);
  expect(channelsIn(selection, recorder)).toEqual(["1", "2"]);
});

test("unticking one channel names the others", () => {
  const selection = withChannel(withDevice({}, "nvr", true), recorder, "1", false);

  const [addition] = additions(selection, [recorder]);

  expect(addition?.cameras?.map((each) => each.channel)).toEqual(["2"]);
});

test("a device without any ticked channel is not added", () => {
  const one = withChannel({}, recorder, "2", true);

  expect(additions(withChannel(one, recorder, "2", false), [recorder])).toEqual([]);
});

test("all are those that can be added, and what was added meanwhile is left out", () => {
  const devices = [recorder, found("old", { device_id: "x" }), found("rtsp", { driver: null })];
  const selection = allOf(devices);

  expect(Object.keys(selection)).toEqual(["nvr"]);
  expect(additions(selection, [{ ...recorder, device_id: "nvr" }])).toEqual([]);
});
