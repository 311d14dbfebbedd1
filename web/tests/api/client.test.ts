import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, onSessionEnded, send } from "../../src/api/client";
import { ApiError } from "../../src/api/errors";

const BASE = "http://here.test";
let answers: Record<string, (count: number) => Response | Promise<Response>>;
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    const address = typeof input === "string" ? input : input.url;
    const path = new URL(address, BASE).pathname;
    asked.push(path);
    const count = asked.filter((each) => each === path).length;
    const answer = answers[path];
    if (answer === undefined) throw new TypeError("network");
    return answer(count);
  });
});

afterEach(() => vi.unstubAllGlobals());

const REFRESH = "/api/v1/session/refresh";
const request = (path: string, init?: RequestInit) => new Request(BASE + path, init);
const once401 = (count: number) => new Response(null, { status: count === 1 ? 401 : 200 });

test("a request that the session is too old for is sent again after one renewal", async () => {
  answers = { "/api/v1/cameras": once401, [REFRESH]: () => new Response() };

  const answer = await send(request("/api/v1/cameras"));

  expect(answer.status).toBe(200);
  expect(asked).toEqual(["/api/v1/cameras", REFRESH, "/api/v1/cameras"]);
});

test("the body is sent again too", async () => {
  const bodies: string[] = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return new Response();
    bodies.push(await input.text());
    return new Response(null, { status: bodies.length === 1 ? 401 : 200 });
  });

  await send(request("/api/v1/groups", { method: "POST", body: "{}" }));

  expect(bodies).toEqual(["{}", "{}"]);
});

// Safari before 17.4 has no `AbortSignal.any`: there no request was sent at all.
test("older browsers send requests, too", async () => {
  const { any } = AbortSignal;
  Reflect.set(AbortSignal, "any", undefined);
  answers = { "/api/v1/cameras": () => new Response() };

  expect((await send(request("/api/v1/cameras"))).status).toBe(200);
  AbortSignal.any = any;
});

test("several refused requests share one renewal", async () => {
  answers = {
    "/api/v1/cameras": once401,
    "/api/v1/status": once401,
    [REFRESH]: () => new Response(),
  };

  await Promise.all([send(request("/api/v1/cameras")), send(request("/api/v1/status"))]);

  expect(asked.filter((path) => path === REFRESH)).toHaveLength(1);
});

test("a session that cannot be renewed has ended, and that is told once", async () => {
  const ended = vi.fn();
  const stop = onSessionEnded(ended);
  answers = {
    "/api/v1/cameras": () => new Response(null, { status: 401 }),
    [REFRESH]: () => new Response(null, { status: 401 }),
  };

  const answer = await send(request("/api/v1/cameras"));

  expect(answer.status).toBe(401);
  expect(ended).toHaveBeenCalledTimes(1);
  expect(asked).toEqual(["/api/v1/cameras", REFRESH]);
  stop();
});

// While the database was away an expired access cookie sent everybody to the sign-in page, although
// the refresh cookie was good.
test.each([429, 503, null])("a renewal answered by %s does not end the session", async (status) => {
  const ended = vi.fn();
  const stop = onSessionEnded(ended);
  answers = { "/api/v1/cameras": () => new Response(null, { status: 401 }) };
  if (status !== null) answers[REFRESH] = () => new Response(null, { status });

  const failure = await send(request("/api/v1/cameras")).catch((error: unknown) => error);

  expect(failure).toMatchObject({ status: 0, isPassing: true });
  expect(ended).not.toHaveBeenCalled();
  stop();
});

test("a wrong password is not a session that has ended", async () => {
  const ended = vi.fn();
  const stop = onSessionEnded(ended);
  answers = { "/api/v1/session": () => new Response(null, { status: 401 }) };

  await send(request("/api/v1/session", { method: "POST" }));

  expect(asked).toEqual(["/api/v1/session"]);
  expect(ended).not.toHaveBeenCalled();
  stop();
});

test("no answer at all is an error that says what to do", async () => {
  answers = {};

  const failure = await send(request("/api/v1/cameras")).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(ApiError);
  expect(failure).toMatchObject({ status: 0, isPassing: true });
});

test("a problem becomes an error with its fields", async () => {
  const body = { detail: "1 field is not right", errors: [{ field: "url", problem: "no host" }] };
  const response = new Response(null, { status: 422 });

  const failure = await call(Promise.resolve({ error: body, response })).catch((e: unknown) => e);

  expect(failure).toMatchObject({ status: 422, message: "1 field is not right." });
  expect(failure instanceof ApiError && failure.byField).toEqual({ url: "No host." });
});
