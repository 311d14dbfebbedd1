// @vitest-environment happy-dom

import { act, cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { type Answers, answering, me, openApp, problem } from "../app/worlds";
import { channel, details, found, summary } from "./samples";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 1;
  isClosed = false;

  constructor(readonly path: string) {
    super();
    FakeSource.all.push(this);
  }

  tell(name: string, data: unknown): void {
    act(() => void this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) })));
  }

  close(): void {
    this.isClosed = true;
  }
}

const SCANS = "/discovery/scans";
const SCAN = `${SCANS}/${summary().scan_id}`;
const scanSource = () => FakeSource.all.find(({ path }) => path.includes(SCAN)) as FakeSource;
const recorder = found("a", { details: details(channel("1"), channel("2")) });
const known = found("b", { device_id: "door", camera_ids: ["door"] });

async function begin(more: Answers = {}): Promise<ReturnType<typeof userEvent.setup>> {
  const user = userEvent.setup();
  answering({
    "GET /session": () => me("cameras:read", "cameras:write"),
    [`POST ${SCANS}`]: () => ({ ...summary(), devices: [] }),
    [`DELETE ${SCAN}`]: () => ({ ...summary({ state: "cancelled" }), devices: [] }),
    ...more,
  });
  FakeSource.all = [];
  vi.stubGlobal("EventSource", FakeSource);
  openApp("/cameras");
  await user.click(await screen.findByRole("button", { name: "Add cameras" }));
  await user.type(await screen.findByLabelText("Where to look"), "192.0.2.0/24");
  const dialog = within(screen.getByRole("dialog", { name: "Add cameras" }));
  await user.click(dialog.getByRole("button", { name: "Look for cameras" }));
  return user;
}

test("devices appear as they are found, and what is there already is marked", async () => {
  await begin();
  await screen.findByText("10 of 100 places tried; 0 devices found");

  scanSource().tell("device", recorder);
  scanSource().tell("device", known);
  scanSource().tell("progress", summary({ checked: 50, found: 2 }));

  const list = screen.getByRole("list", { name: "Found devices" });
  expect(within(list).getByText("Example NVR-8")).toBeTruthy();
  expect(within(list).getAllByText("H.265 2560×1440, 25 fps")).toHaveLength(2);
  expect(within(list).getByText("Added already")).toBeTruthy();
  expect(screen.getByText("50 of 100 places tried; 2 devices found")).toBeTruthy();
});

test("the chosen channels are added with one login", async () => {
  let sent: unknown;
  const user = await begin({
    [`POST ${SCAN}/add`]: async (request) => {
      sent = await request.json();
      const errors = { name: "no" };
      return { items: [{ found_id: "a", status: 409, cameras: [], problem: "Refused.", errors }] };
    },
    [`GET ${SCAN}`]: () => ({ ...summary({ state: "finished" }), devices: [recorder] }),
  });
  await screen.findByText(/places tried/);
  scanSource().tell("device", recorder);
  await user.type(screen.getByLabelText("User name of the camera"), "viewer");
  await user.type(screen.getByLabelText("Password of the camera"), "secret");

  await user.click(screen.getByRole("checkbox", { name: /Add Example NVR-8/ }));
  await user.click(screen.getByRole("checkbox", { name: "Input 1" }));
  await user.click(screen.getByRole("button", { name: "Add 1 device" }));

  expect(await screen.findByText("Refused. no")).toBeTruthy();
  expect(sent).toMatchObject({
    credentials: { username: "viewer", password: "secret" },
    devices: [{ found_id: "a", cameras: [{ channel: "2", record: true }] }],
  });
});

test("a test tells what really comes, or why nothing does", async () => {
  const failure = { reason: "unauthorized", detail: "it rejected the login", advice: "check it" };
  const user = await begin({
    "POST /discovery/probe": async (request) => {
      const body: { host?: string } = await request.json();
      if (body.host !== undefined) return { stream: null, device: recorder, failure: null };
      return { stream: null, device: null, failure };
    },
  });
  await screen.findByText(/places tried/);
  scanSource().tell("device", recorder);

  await user.click(screen.getByRole("button", { name: "Test" }));

  expect(
    await screen.findByText(
      "The device answers, its stream does not: It rejected the login. Check it.",
    ),
  ).toBeTruthy();
});

test("a range that may not be scanned is told at its field", async () => {
  const errors = [{ field: "targets[0]", problem: "too many addresses" }];
  await begin({ [`POST ${SCANS}`]: () => problem(422, "1 of the targets", { errors }) });

  expect(await screen.findByText("192.0.2.0/24: Too many addresses.")).toBeTruthy();
});

test("a scan stops when the dialog is closed", async () => {
  let isStopped = false;
  const user = await begin({
    [`DELETE ${SCAN}`]: () => {
      isStopped = true;
      return { ...summary({ state: "cancelled" }), devices: [] };
    },
  });
  await screen.findByText(/places tried/);

  await user.click(screen.getByRole("button", { name: "Close" }));
  await vi.waitFor(() => expect(isStopped).toBe(true));

  expect(scanSource().isClosed).toBe(true);
});

// A scan that the server had forgotten stayed "running" here, and no other could be begun.
test("a scan that the server does not know any more is over", async () => {
  await begin({ [`GET ${SCAN}`]: () => problem(404, "there is no such scan") });
  await screen.findByText(/places tried/);
  const source = scanSource();

  source.readyState = FakeSource.CLOSED;
  act(() => void source.dispatchEvent(new Event("error")));

  expect(await screen.findByText("There is no such scan.")).toBeTruthy();
  expect(screen.getByText("Stopped: 0 devices found")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Look again" })).toHaveProperty("disabled", false);
});

// Closed while the server was still beginning, the scan ran on and its events were followed for ever.
test("a scan that begins after the dialog was closed is stopped", async () => {
  let goOn: (view: unknown) => void = () => undefined;
  let isStopped = false;
  const user = await begin({
    [`POST ${SCANS}`]: () => new Promise((resolve) => (goOn = resolve)),
    [`DELETE ${SCAN}`]: () => {
      isStopped = true;
      return { ...summary({ state: "cancelled" }), devices: [] };
    },
  });

  await user.click(screen.getByRole("button", { name: "Close" }));
  goOn({ ...summary(), devices: [] });
  await vi.waitFor(() => expect(isStopped).toBe(true));

  expect(scanSource().isClosed).toBe(true);
});
