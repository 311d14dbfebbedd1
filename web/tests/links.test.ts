import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, type LiveLinkView } from "../src/api";
import { LiveLinks, renewalDelayMs, withoutToken } from "../src/links";
import { LinkError } from "../src/player/types";

const PAGE = "https://nvr.example/live/";
const VALID_MS = 900_000;
let asked: { camera: string; viewer_id?: string }[];
let fail: ApiError | null;
let unauthorized: number;
let links: LiveLinks;

function view(number: number): LiveLinkView {
  const base = "/api/v1/cameras/door";
  return {
    hls: `${base}/live/master.m3u8?token=t${number}`,
    websocket: `wss://nvr.example${base}/live/ws?token=t${number}`,
    snapshot: `${base}/snapshot.jpg?token=t${number}`,
    expires_at: new Date(Date.now() + VALID_MS).toISOString(),
    viewer_id: "viewer",
    renditions: ["main"],
  };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  vi.stubGlobal("location", new URL(PAGE));
  asked = [];
  fail = null;
  unauthorized = 0;
  const createLiveLink = async (camera: string, body: { viewer_id?: string }) => {
    asked.push({ camera, ...body });
    if (fail !== null) throw fail;
    return view(asked.length);
  };
  links = new LiveLinks({ createLiveLink }, () => {
    unauthorized += 1;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("all players of a camera share one link, and its token stays out of addresses", async () => {
  const [one, other] = await Promise.all([links.get("door"), links.get("door")]);
  expect(asked).toEqual([{ camera: "door" }]);
  expect(one).toEqual(other);
  expect(one.hls).toBe("https://nvr.example/api/v1/cameras/door/live/master.m3u8");
  expect(one.websocket).toBe("wss://nvr.example/api/v1/cameras/door/live/ws");
});

test("a link is renewed for the same viewer at half of its validity, while somebody listens", async () => {
  const renewed = vi.fn();
  const stop = links.onRenewed("door", renewed);
  await links.get("door");
  await vi.advanceTimersByTimeAsync(VALID_MS / 2 - 1);
  expect(asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked[1]).toEqual({ camera: "door", viewer_id: "viewer" });
  expect(renewed).toHaveBeenCalledTimes(1);
  stop();
  await vi.advanceTimersByTimeAsync(VALID_MS);
  expect(asked.length).toBe(2);
});

test("a renewal that fails is tried again, and the link in use stays", async () => {
  links.onRenewed("door", () => undefined);
  await links.get("door");
  fail = new ApiError("away", 0, 0);
  await vi.advanceTimersByTimeAsync(VALID_MS / 2);
  expect(asked.length).toBe(2);
  await links.get("door");
  fail = null;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.length).toBe(3);
});

test("a link that was refused is replaced; at once refused, its token is used", async () => {
  await links.get("door");
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await links.refused("door")).websocket).not.toContain("token");
  expect((await links.refused("door")).websocket).toContain("token=t3");
});

test("after a failure whoever asks next tries again", async () => {
  fail = new ApiError("live is not set up", 503, 7);
  const error = await links.get("door").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LinkError);
  expect((error as LinkError).message).toBe("live is not set up");
  expect((error as LinkError).options).toEqual({ final: false, retryAfterSeconds: 7 });
  fail = null;
  expect((await links.get("door")).renditions).toEqual(["main"]);
});

test.each([401, 403, 404])(
  "HTTP %i is final, and a key that is not valid is told",
  async (status) => {
    fail = new ApiError("no", status, 0);
    const error = await links.get("door").catch((reason: unknown) => reason);
    expect((error as LinkError).options.final).toBe(true);
    expect(unauthorized).toBe(status === 404 ? 0 : 1);
  },
);

test("a token stays where the cookie does not go", () => {
  expect(withoutToken("https://edge.example/live/ws?token=x", PAGE)).toContain("token=x");
  expect(withoutToken("/live/ws?rendition=sub&token=x", PAGE)).toBe(
    "https://nvr.example/live/ws?rendition=sub",
  );
});

test("renewal comes at half of the time, never in a hurry", () => {
  const at = (ms: number) => ({ expires_at: new Date(ms).toISOString() });
  expect(renewalDelayMs(at(900_000), 0)).toBe(450_000);
  expect(renewalDelayMs(at(0), 900_000)).toBe(5_000);
  expect(renewalDelayMs({ expires_at: "nonsense" }, 0)).toBe(5_000);
});
