/** The codec string (RFC 6381) of a video-only init segment; MSE asks for one beforehand. */

/** Returns null where neither an H.264 nor an H.265 configuration is found. */
export function codecOfInit(init: Uint8Array): string | null {
  const avc = bodyOf(init, "avcC");
  if (avc !== null) return `avc1.${[1, 2, 3].map((at) => hex(avc[at])).join("")}`;
  const hevc = bodyOf(init, "hvcC");
  return hevc === null ? null : hevcCodec(hevc);
}

/** ISO/IEC 14496-15, annex E.3: profile, compatibility, tier and level, constraints. */
function hevcCodec(box: Uint8Array): string {
  const [, general = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0] = box;
  const space = ["", "A", "B", "C"][general >> 6] ?? "";
  const tier = (general & 0x20) === 0 ? "L" : "H";
  const compatibility = reversedBits(((c1 << 24) | (c2 << 16) | (c3 << 8) | c4) >>> 0);
  const constraints = [...box.subarray(6, 12)];
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `hvc1.${space}${general & 0x1f}`,
    compatibility.toString(16).toUpperCase(),
    `${tier}${box[12] ?? 0}`,
    ...constraints.map((value) => value.toString(16).toUpperCase()),
  ];
  return parts.join(".");
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = ((reversed << 1) | ((value >>> bit) & 1)) >>> 0;
  return reversed;
}

/** What stands in a box; its name is looked for, because it lies deep inside of others. */
function bodyOf(data: Uint8Array, name: string): Uint8Array | null {
  const wanted = [...name].map((letter) => letter.charCodeAt(0));
  for (let at = 0; at + 17 <= data.length; at++) {
    if (wanted.every((code, index) => data[at + index] === code)) return data.subarray(at + 4);
  }
  return null;
}

function hex(value = 0): string {
  return value.toString(16).padStart(2, "0").toUpperCase();
}
