/**
 * The live WebSocket's messages. Binary: 4 bytes big-endian length of a JSON header, the header,
 * the payload. Text: JSON notices.
 */

export interface InitHeader {
  type: "init";
  init_id: string;
  /** RFC 6381, for example `avc1.640028,mp4a.40.2`. */
  codecs: string;
  width: number;
  height: number;
}

export interface PartHeader {
  type: "part";
  init_id: string;
  live_id: string;
  /** Media sequence number of the segment. */
  msn: number;
  /** Index in the segment. */
  part: number;
  /** Begins with a keyframe. */
  independent: boolean;
  /** Discontinuities of the timeline before it. */
  discontinuity: number;
  /** Wall time of the first frame, Unix milliseconds by the server's clock. */
  start_ms: number;
  /** Decode time of the first frame, 1/90000 s. */
  start_90k: number;
  duration_90k: number;
  published_ms: number;
  sent_ms: number;
}

export type MediaMessage =
  | { header: InitHeader; payload: Uint8Array<ArrayBuffer> }
  | { header: PartHeader; payload: Uint8Array<ArrayBuffer> };

export type Notice = { type: "waiting"; detail: string } | { type: "skipped"; parts: number };

export class ProtocolError extends Error {}

const LENGTH_BYTES = 4;
const LARGEST_HEADER_BYTES = 64 * 1024;

/** Takes a binary message apart; null for a type that this version does not know. */
export function parseMedia(data: ArrayBuffer): MediaMessage | null {
  if (data.byteLength < LENGTH_BYTES) throw new ProtocolError("message is shorter than its length");
  const length = new DataView(data).getUint32(0);
  if (length > LARGEST_HEADER_BYTES || LENGTH_BYTES + length > data.byteLength) {
    throw new ProtocolError(`header of ${length} bytes in a message of ${data.byteLength}`);
  }
  const header = parseObject(new TextDecoder().decode(new Uint8Array(data, LENGTH_BYTES, length)));
  const payload = new Uint8Array(data, LENGTH_BYTES + length);
  if (header.type === "init") return { header: checkInit(header), payload };
  if (header.type === "part") return { header: checkPart(header), payload };
  return null;
}

/** Reads a text message; null for a type that this version does not know. */
export function parseNotice(text: string): Notice | null {
  const notice = parseObject(text);
  if (notice.type === "waiting") {
    const detail = typeof notice.detail === "string" ? notice.detail : "";
    return { type: "waiting", detail };
  }
  if (notice.type === "skipped") {
    return { type: "skipped", parts: typeof notice.parts === "number" ? notice.parts : 0 };
  }
  return null;
}

type Fields = Record<string, unknown>;

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError("not JSON");
  }
  if (typeof value !== "object" || value === null) throw new ProtocolError("not a JSON object");
  return value as Fields;
}

function checkInit(fields: Fields): InitHeader {
  check(fields, ["init_id", "codecs"], "string");
  return { width: 0, height: 0, ...fields } as InitHeader;
}

function checkPart(fields: Fields): PartHeader {
  check(fields, ["init_id", "live_id"], "string");
  check(fields, ["independent"], "boolean");
  const numbers = ["msn", "part", "discontinuity", "start_ms", "start_90k", "duration_90k"];
  check(fields, [...numbers, "published_ms", "sent_ms"], "number");
  return fields as unknown as PartHeader;
}

function check(fields: Fields, names: string[], type: "string" | "boolean" | "number"): void {
  for (const name of names) {
    if (typeof fields[name] !== type) throw new ProtocolError(`${name} is not a ${type}`);
  }
}
