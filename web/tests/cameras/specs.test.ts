import { expect, test } from "vitest";
import { codecName, failureText, pictureText, streamSpecs } from "../../src/cameras/specs";
import { channel } from "./samples";

test.each([
  ["avc1.42C028", "H.264"],
  ["hvc1.1.6.L93.90", "H.265"],
  ["hev1.1.6", "H.265"],
  ["h265", "H.265"],
  ["mjpeg", "MJPEG"],
  ["av01", "av01"],
])("%s is called %s", (codec, name) => {
  expect(codecName(codec)).toBe(name);
});

test("a stream's specs leave out what is not told", () => {
  const [stream] = channel("1").streams;
  if (stream === undefined) throw new Error("no stream");

  expect(streamSpecs(stream)).toBe("H.265 2560×1440, 25 fps");
  expect(streamSpecs({ ...stream, codec: "", width: 0, fps: null })).toBe("");
  expect(streamSpecs({ ...stream, fps: 14.985, bitrate_bps: 4_000_000 })).toBe(
    "H.265 2560×1440, 15 fps, 4.0 Mbit/s",
  );
});

test("a picture's size has a times sign", () => {
  expect(pictureText("avc1.42C028", "1920x1080")).toBe("H.264 1920×1080");
  expect(pictureText("", "")).toBe("");
});

test("a failure says what happened, then what to do", () => {
  const failure = {
    reason: "refused",
    detail: "nothing listens",
    advice: "check the port",
  } as const;

  expect(failureText({ ...failure, locked_until: null })).toBe("Nothing listens. Check the port.");
  expect(failureText({ ...failure, detail: "", advice: "", locked_until: null })).toBe(
    "Nothing listens on this port.",
  );
});
