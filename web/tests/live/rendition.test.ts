import { expect, test } from "vitest";
import { renditionFor, type Showing } from "../../src/live/rendition";

const SMALL: Showing = {
  hasSub: true,
  wish: "auto",
  isLarge: false,
  widthPx: 480,
  current: null,
};

test("a small tile shows the small stream, a large or enlarged one the large stream", () => {
  expect(renditionFor(SMALL)).toBe("sub");
  expect(renditionFor({ ...SMALL, widthPx: 1440 })).toBe("main");
  expect(renditionFor({ ...SMALL, isLarge: true })).toBe("main");
});

test("a camera without a small stream shows the large one, whatever is wished", () => {
  expect(renditionFor({ ...SMALL, hasSub: false, wish: "sub" })).toBe("main");
});

test("what the viewer chose counts more than the size", () => {
  expect(renditionFor({ ...SMALL, wish: "main" })).toBe("main");
  expect(renditionFor({ ...SMALL, wish: "sub", isLarge: true })).toBe("sub");
});

test("a tile near the limit does not swing between streams", () => {
  expect(renditionFor({ ...SMALL, widthPx: 900, current: "main" })).toBe("main");
  expect(renditionFor({ ...SMALL, widthPx: 900, current: "sub" })).toBe("sub");
  expect(renditionFor({ ...SMALL, widthPx: 700, current: "main" })).toBe("sub");
});
