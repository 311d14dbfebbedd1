import { expect, test } from "vitest";
import { describeBehind, describeCamera, describePicture } from "../../src/live/words";

const NOON = new Date(2026, 10, 21, 12, 0).getTime();
const HEALTH = { state: "online", since: null, detail: "" };
const status = (state: string, since: number | null = null) => ({
  state,
  since: since === null ? null : new Date(since).toISOString(),
  detail: "",
  health: HEALTH,
});

test.each([
  ["recording", "Recording", "good"],
  ["live", "Online", "good"],
  ["connecting", "Connecting", "busy"],
  ["unauthorized", "Unauthorized", "bad"],
  ["error", "No usable stream", "bad"],
  ["stopped", "Stopped", "off"],
  ["unknown", "No recorder", "bad"],
])("a camera that is %s is told as %s", (state, text, tone) => {
  expect(describeCamera(status(state), NOON)).toEqual({ text, tone });
});

test("offline says since when, with the date only where it was another day", () => {
  const today = new Date(2026, 10, 21, 8, 5).getTime();
  const before = new Date(2026, 10, 19, 23, 59).getTime();
  expect(describeCamera(status("offline", today), NOON).text).toBe("Offline since 08:05");
  expect(describeCamera(status("offline", before), NOON).text).toMatch(
    /^Offline since 19 Nov.*23:59$/,
  );
  expect(describeCamera(status("offline"), NOON).text).toBe("Offline");
  const nonsense = { ...status("offline"), since: "soon" };
  expect(describeCamera(nonsense, NOON).text).toBe("Offline");
});

test("a stopped camera that cannot be reached says so", () => {
  const since = new Date(2026, 10, 21, 9, 30).toISOString();
  const away = { ...status("stopped"), health: { state: "offline", since, detail: "" } };
  expect(describeCamera(away, NOON).text).toBe("Offline since 09:30");
  const broken = { ...status("stopped"), health: { ...HEALTH, state: "error" } };
  expect(describeCamera(broken, NOON).text).toBe("No usable stream");
  const refused = { ...status("unknown"), health: { ...HEALTH, state: "unauthorized" } };
  expect(describeCamera(refused, NOON).text).toBe("Unauthorized");
});

test("a picture that stands still says why and when it is tried again", () => {
  const lost = { kind: "reconnecting", detail: "the server restarts", retryAtMs: 4_200 } as const;
  expect(describePicture(lost, 1_000)).toEqual({
    text: "Trying again in 4 s",
    detail: "The server restarts",
    tone: "bad",
  });
  expect(describePicture(lost, 9_000)?.text).toBe("Trying again…");
  expect(describePicture({ kind: "waiting", detail: "" }, 0)?.detail).toBe("");
  expect(describePicture({ kind: "failed", detail: "no such camera" }, 0)?.text).toBe("No picture");
});

test("a picture that runs, or is not wanted, says nothing", () => {
  expect(describePicture({ kind: "live" }, 0)).toBeNull();
  expect(describePicture({ kind: "idle" }, 0)).toBeNull();
});

test("seconds behind live are told as exactly as they matter", () => {
  const texts = [0.34, 4.96, 42.4, 600, -0.2].map((each) => describeBehind(each).text);
  expect(texts).toEqual(["0.3 s", "5.0 s", "42 s", "10 min", "0.0 s"]);
  expect(describeBehind(0.4).tone).toBe("good");
  expect(describeBehind(9).tone).toBe("bad");
});
