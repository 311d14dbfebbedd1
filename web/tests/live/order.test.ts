import { expect, test } from "vitest";
import { inWallOrder, ofGroup, pageOf } from "../../src/live/order";

const camera = (camera_id: string, name: string) => ({ camera_id, name });

test("cameras stand in the order in which people count", () => {
  const cameras = [camera("g10", "Gate 10"), camera("b", "yard"), camera("g2", "gate 2")];
  expect(inWallOrder(cameras).map(({ name }) => name)).toEqual(["gate 2", "Gate 10", "yard"]);
});

test("cameras of one name stand in the order of their ids", () => {
  const ids = inWallOrder([camera("b", "Door"), camera("a", "Door")]).map((each) => each.camera_id);
  expect(ids).toEqual(["a", "b"]);
});

test("a group leaves only its members", () => {
  const cameras = [camera("a", "A"), camera("b", "B")];
  expect(ofGroup(cameras, ["b", "unknown"])).toEqual([camera("b", "B")]);
  expect(ofGroup(cameras, null)).toEqual(cameras);
});

test("pages hold what there is, and a page too far is the last one", () => {
  expect(pageOf([1, 2, 3, 4, 5], 4, 1)).toEqual({ items: [5], page: 1, pages: 2 });
  expect(pageOf([1, 2], 4, 7)).toEqual({ items: [1, 2], page: 0, pages: 1 });
  expect(pageOf([], 4, 0)).toEqual({ items: [], page: 0, pages: 1 });
});
