import { expect, test } from "vitest";
import { codecName, haveSameTracks, mimeType } from "../../src/player/codecs";

test("a SourceBuffer can go on when the kinds of tracks stay", () => {
  expect(haveSameTracks("avc1.640028,mp4a.40.2", "hvc1.1.6.L93.B0,mp4a.40.2")).toBe(true);
  expect(haveSameTracks("mp4a.40.2,avc1.640028", "avc1.42E01E, mp4a.40.2")).toBe(true);
  expect(haveSameTracks("avc1.640028", "avc1.640028,mp4a.40.2")).toBe(false);
});

test("codecs have names and a MIME type", () => {
  expect(codecName("avc1.640028,mp4a.40.2")).toBe("H.264");
  expect(codecName("hvc1.1.6.L93.B0")).toBe("H.265");
  expect(codecName("new.1")).toBe("new.1");
  expect(mimeType("avc1.640028")).toBe('video/mp4; codecs="avc1.640028"');
});
