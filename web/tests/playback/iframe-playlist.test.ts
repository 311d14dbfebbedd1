import { expect, test } from "vitest";
import { pictureAt, readIframePlaylist } from "../../src/playback/iframe-playlist";

const BASE = "http://nvr.test/api/v1/cameras/door/iframes.m3u8?from=x";
const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="../../media/one.mp4?sig=s",BYTERANGE="700@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:00.000Z
#EXTINF:2.000000,
../../media/one/iframes/0.mp4?sig=s
#EXTINF:2.000000,
../../media/one/iframes/1.mp4?sig=s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="../../media/two.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:10:00.000Z
#EXTINF:2.000000,
../../media/two/iframes/0.mp4
#EXT-X-ENDLIST
`;
const NOON = Date.UTC(2026, 10, 21, 12);

test("every picture has its time, address and init segment", () => {
  const pictures = readIframePlaylist(PLAYLIST, BASE);
  expect(pictures.map(({ wallMs }) => wallMs - NOON)).toEqual([0, 2000, 600_000]);
  expect(pictures[1]?.url).toBe("http://nvr.test/api/v1/media/one/iframes/1.mp4?sig=s");
  expect(pictures[1]?.init).toEqual({
    url: "http://nvr.test/api/v1/media/one.mp4?sig=s",
    range: "bytes=0-699",
  });
  expect(pictures[2]?.init).toEqual({ url: "http://nvr.test/api/v1/media/two.mp4", range: null });
});

test("the picture of a moment is the last one before it", () => {
  const pictures = readIframePlaylist(PLAYLIST, BASE);
  expect(pictureAt(pictures, NOON + 1999)?.wallMs).toBe(NOON);
  expect(pictureAt(pictures, NOON + 2000)?.wallMs).toBe(NOON + 2000);
  expect(pictureAt(pictures, NOON - 5000)?.wallMs).toBe(NOON);
  expect(pictureAt([], NOON)).toBeNull();
});

test("garbage gives no pictures", () => {
  expect(readIframePlaylist("<html>not a playlist</html>\nx", BASE)).toEqual([]);
});
