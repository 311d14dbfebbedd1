import { expect, test } from "vitest";
import { type Known, resolveView, type WallView } from "../../src/live/wall-view";

const tile = (camera_id: string) => ({ camera_id, x: 0, y: 0, w: 1, h: 1 });
const KNOWN: Known = {
  cameras: ["c", "a", "e", "b", "d"].map((id) => ({ camera_id: id, name: id.toUpperCase() })),
  groups: [{ group_id: "yard", name: "Yard", camera_ids: ["d", "c", "gone"] }],
  layouts: [
    { name: "Old", layout: { columns: 1, tiles: [tile("a")] }, updated_at: "2026-11-01T00:00:00Z" },
    { name: "New", layout: { columns: 1, tiles: [tile("b")] }, updated_at: "2026-11-20T00:00:00Z" },
    {
      name: "Empty",
      layout: { columns: 1, tiles: [tile("gone")] },
      updated_at: "2026-11-21T00:00:00Z",
    },
  ],
};
const NO_LAYOUTS = { ...KNOWN, layouts: [] };

const shown = ({ layout }: WallView) => layout.tiles.map(({ camera_id }) => camera_id).join("");

test("without an address the layout saved last opens, if it still shows something", () => {
  const view = resolveView({ kind: "default" }, null, KNOWN);
  expect(view.saved).toBe("New");
  expect(shown(view)).toBe("b");
});

test("without layouts a grid opens that has room for all cameras", () => {
  const view = resolveView({ kind: "default" }, null, NO_LAYOUTS);
  expect(view.grid).toBe(3);
  expect(shown(view)).toBe("abcde");
});

test("a grid shows one page of the cameras, in order", () => {
  const view = resolveView({ kind: "grid", size: 2, page: 1 }, null, KNOWN);
  expect(shown(view)).toBe("e");
  expect([view.page, view.pages]).toEqual([1, 2]);
});

test("a group leaves only its own cameras, and goes before the saved layout", () => {
  expect(shown(resolveView({ kind: "grid", size: 2, page: 0 }, "yard", KNOWN))).toBe("cd");
  expect(shown(resolveView({ kind: "default" }, "yard", KNOWN))).toBe("cd");
});

test("a group that is gone filters nothing", () => {
  expect(shown(resolveView({ kind: "grid", size: 3, page: 0 }, "gone", KNOWN))).toBe("abcde");
});

test("cameras of the address are shown in its order; unknown ones are told", () => {
  const view = resolveView({ kind: "cameras", cameras: ["d", "nobody", "a"] }, null, KNOWN);
  expect(shown(view)).toBe("da");
  expect(view.layout.columns).toBe(2);
  expect(view.missing).toBe("There is no camera “nobody”.");
});

test("a layout that is gone is told, and a grid opens instead", () => {
  const view = resolveView({ kind: "layout", name: "Night" }, null, KNOWN);
  expect(view.missing).toContain("“Night”");
  expect(shown(view)).toBe("abcde");
  expect(resolveView({ kind: "layout", name: "Old" }, null, KNOWN).missing).toBeNull();
});
