import { expect, test } from "vitest";
import { ProtocolError, parseMedia, parseNotice } from "../../src/player/protocol";
import { frame, part } from "./parts";

test("a part is taken apart into its header and its payload", () => {
  const payload = new Uint8Array([1, 2, 3]);
  const message = parseMedia(frame(part({ msn: 7 }), payload));
  expect(message?.header).toEqual(part({ msn: 7 }));
  expect([...(message?.payload ?? [])]).toEqual([1, 2, 3]);
});

test("an init segment is taken apart", () => {
  const header = { type: "init", init_id: "00", codecs: "avc1.640028", width: 640, height: 360 };
  expect(parseMedia(frame(header, new Uint8Array(2)))?.header).toEqual(header);
});

test("a payload may be empty, and a header may hold any character", () => {
  const header = { type: "init", init_id: "é", codecs: "avc1", width: 0, height: 0 };
  const message = parseMedia(frame(header, new Uint8Array()));
  expect(message?.header).toEqual(header);
  expect(message?.payload.length).toBe(0);
});

test("a type that is not known is left out", () => {
  expect(parseMedia(frame({ type: "later" }, new Uint8Array(1)))).toBeNull();
  expect(parseNotice('{"type":"later"}')).toBeNull();
});

test.each([
  ["shorter than its length field", new Uint8Array([0, 0]).buffer],
  ["shorter than its header", new Uint8Array([0, 0, 0, 9, 123]).buffer],
  ["of a header beyond all bounds", new Uint8Array([255, 255, 255, 255]).buffer],
  ["without JSON", frame("no", new Uint8Array())],
  ["with JSON that is no object", frame(null, new Uint8Array())],
  ["without a needed field", frame({ ...part(), msn: undefined }, new Uint8Array())],
  ["with a field of another type", frame({ ...part(), independent: 1 }, new Uint8Array())],
])("a message %s is refused", (_name, data) => {
  expect(() => parseMedia(data as ArrayBuffer)).toThrow(ProtocolError);
});

test("notices are read", () => {
  expect(parseNotice('{"type":"waiting","detail":"offline"}')).toEqual({
    type: "waiting",
    detail: "offline",
  });
  expect(parseNotice('{"type":"waiting"}')).toEqual({ type: "waiting", detail: "" });
  expect(parseNotice('{"type":"skipped","parts":4}')).toEqual({ type: "skipped", parts: 4 });
  expect(() => parseNotice("[")).toThrow(ProtocolError);
});
