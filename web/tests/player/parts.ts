import type { PartHeader } from "../../src/player/protocol";

const PART_90K = 18_000;
const START_MS = 1_800_000_000_000;

/** The `n`th part of 0.2 s of a stream that begins at 10 s, five to a segment. */
export function part(fields: Partial<PartHeader> = {}, n = 0): PartHeader {
  return {
    type: "part",
    init_id: "aa",
    live_id: "one",
    msn: Math.floor(n / 5),
    part: n % 5,
    independent: n % 5 === 0,
    discontinuity: 0,
    start_ms: START_MS + n * 200,
    start_90k: 900_000 + n * PART_90K,
    duration_90k: PART_90K,
    published_ms: START_MS + n * 200 + 250,
    sent_ms: START_MS + n * 200 + 255,
    ...fields,
  };
}

/** A binary message. */
export function frame(header: unknown, payload: Uint8Array): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const message = new Uint8Array(4 + text.length + payload.length);
  new DataView(message.buffer).setUint32(0, text.length);
  message.set(text, 4);
  message.set(payload, 4 + text.length);
  return message.buffer;
}
