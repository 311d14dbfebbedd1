import { expect, test, vi } from "vitest";
import { type Begin, Player } from "../../src/player/player";
import { ServerClock } from "../../src/player/server-clock";

const SHARED = {
  access: {
    address: () => "",
    ask: async () => ({ kind: "open" }) as const,
    onRenewed: () => () => undefined,
  },
  clock: new ServerClock(),
  options: {},
};

function playerWith(load: () => Begin | Promise<Begin>): Player {
  const player = new Player("ll-hls", load, SHARED);
  player.attach({} as HTMLVideoElement);
  return player;
}

test("a new session ends the one before, and stopping ends it too", () => {
  const close = vi.fn();
  const begin = vi.fn(() => ({ close, secondsBehindLive: () => 0.4 }));
  const player = playerWith(() => begin);
  player.play("door", "sub");
  player.play("door", "main");
  expect(begin).toHaveBeenCalledTimes(2);
  expect(close).toHaveBeenCalledTimes(1);
  expect(player.secondsBehindLive()).toBe(0.4);
  player.stop();
  expect(close).toHaveBeenCalledTimes(2);
  expect(player.state).toEqual({ kind: "idle" });
  expect(player.secondsBehindLive()).toBeNull();
});

test("a player that was stopped while its code was fetched begins nothing", async () => {
  const begin = vi.fn(() => null);
  let arrive: (begin: Begin) => void = () => undefined;
  const player = playerWith(() => new Promise((resolve) => (arrive = resolve)));
  player.play("door", "main");
  expect(player.state).toEqual({ kind: "connecting" });
  player.stop();
  arrive(begin);
  await Promise.resolve();
  await Promise.resolve();
  expect(begin).not.toHaveBeenCalled();
});

test("code that cannot be fetched is told, not thrown", async () => {
  const player = playerWith(() => Promise.reject(new Error("gone")));
  player.play("door", "main");
  await vi.waitFor(() => expect(player.state.kind).toBe("failed"));
});
