/** What a browser can be given. */

/** The MIME type of an fMP4 stream. */
export function mimeType(codecs: string): string {
  return `video/mp4; codecs="${codecs}"`;
}

type Kind = "audio" | "video";

function kindOf(codec: string): Kind {
  return /^(mp4a|opus|flac|ac-3|ec-3|alaw|ulaw)/i.test(codec.trim()) ? "audio" : "video";
}

/** Whether both have the same kinds of tracks, so that one SourceBuffer can take both in turn. */
export function haveSameTracks(one: string, other: string): boolean {
  const kinds = (codecs: string) => codecs.split(",").map(kindOf).sort().join();
  return kinds(one) === kinds(other);
}

/** A codec string in words. */
export function codecName(codecs: string): string {
  const names: [RegExp, string][] = [
    [/^avc[13]/, "H.264"],
    [/^(hvc1|hev1)/, "H.265"],
    [/^av01/, "AV1"],
    [/^mp4v/, "MPEG-4"],
  ];
  const video = codecs.split(",")[0]?.trim() ?? "";
  return names.find(([pattern]) => pattern.test(video))?.[1] ?? video;
}
