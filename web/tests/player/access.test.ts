import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SessionAccess } from "../../src/player/access";

let answers: (Response | Error)[];
let asked: string[];
let canRenew: boolean;
let access: SessionAccess;

function problem(status: number, detail: string, headers = {}): Response {
  return new Response(JSON.stringify({ detail }), { status, headers });
}

beforeEach(() => {
  answers = [];
  asked = [];
  canRenew = true;
  vi.stubGlobal("location", new URL("https://nvr.example/live?camera=door"));
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    const answer = answers.shift() ?? new Error("nothing listens");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  access = new SessionAccess(async () => canRenew);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

test("addresses are on the page's own host and hold no secret", () => {
  const base = "//nvr.example/api/v1/cameras/front%2Fdoor/live";
  expect(access.address("front/door", "sub", "websocket")).toBe(`wss:${base}/ws?rendition=sub`);
  expect(access.address("front/door", "main", "ll-hls")).toBe(
    `https:${base}/master.m3u8?rendition=main`,
  );
});

test("a camera that the server would serve is open", async () => {
  answers = [new Response("#EXTM3U")];
  expect(await access.ask("door", "main")).toEqual({ kind: "open" });
});

test.each([403, 404])("HTTP %i is denied, with the server's words", async (status) => {
  answers = [problem(status, "there is no camera door")];
  expect(await access.ask("door", "main")).toEqual({
    kind: "denied",
    detail: "there is no camera door",
  });
  expect(asked.length).toBe(1);
});

test("a session that ran out is prolonged, and whoever was denied hears of it", async () => {
  const heard = vi.fn();
  const forget = access.onRenewed(heard);
  answers = [problem(401, "sign in"), new Response("#EXTM3U")];
  expect(await access.ask("door", "main")).toEqual({ kind: "open" });
  expect(heard).toHaveBeenCalledTimes(1);
  forget();
  access.renewed();
  expect(heard).toHaveBeenCalledTimes(1);
});

test("a session that cannot be prolonged is told, and the server is left alone", async () => {
  canRenew = false;
  answers = [problem(401, "sign in")];
  expect((await access.ask("door", "main")).kind).toBe("denied");
  expect(asked.length).toBe(1);
});

test("a renewal that the server does not answer is no denial", async () => {
  access = new SessionAccess(() => Promise.reject(new Error("away")));
  answers = [problem(401, "sign in")];

  expect((await access.ask("door", "main")).kind).toBe("away");
});

test("a server that is away or busy says for how long to wait, as far as it answers", async () => {
  answers = [problem(503, "no streamer answers", { "Retry-After": "7" })];
  const away = { kind: "away", detail: "no streamer answers", retryAfterSeconds: 7 };
  expect(await access.ask("door", "main")).toEqual(away);
  expect(await access.ask("door", "main")).toMatchObject({ kind: "away", retryAfterSeconds: 0 });
  answers = [new Response("<html>", { status: 502, headers: { "Retry-After": "soon" } })];
  expect(await access.ask("door", "main")).toEqual({
    kind: "away",
    detail: "HTTP 502",
    retryAfterSeconds: 0,
  });
});
