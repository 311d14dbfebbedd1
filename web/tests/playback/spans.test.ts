import { expect, test } from "vitest";
import { type Pair, Spans } from "../../src/playback/spans";

const VIEW = { startMs: 0, endMs: 1000 };

function columns(spans: Spans, width: number, view = VIEW): Pair[] {
  const drawn: Pair[] = [];
  spans.columns(view, width, (from, to) => drawn.push([from, to]));
  return drawn;
}

test("spans are sorted, joined where they touch, and cleaned of what is empty or no number", () => {
  const spans = Spans.of([
    [50, 60],
    [10, 20],
    [20, 30],
    [25, 28],
    [5, 5],
    [9, 3],
    [Number.NaN, 4],
  ]);
  expect([spans.at(0), spans.at(1), spans.at(2)]).toEqual([[10, 30], [50, 60], null]);
});

test("a moment is found in its span; a start belongs to it, an end does not", () => {
  const spans = Spans.of([
    [10, 20],
    [30, 40],
  ]);
  expect(spans.containing(10)).toEqual([10, 20]);
  expect(spans.containing(20)).toBeNull();
  expect(spans.from(20)).toEqual([30, 40]);
  expect(spans.from(40)).toBeNull();
  expect(spans.before(30)).toEqual([10, 20]);
  expect(spans.before(31)).toEqual([30, 40]);
  expect(spans.before(10)).toBeNull();
});

test("covered time counts only what lies in the stretch", () => {
  const spans = Spans.of([
    [0, 10],
    [20, 30],
  ]);
  expect(spans.coveredMs(5, 25)).toBe(10);
  expect(spans.coveredMs(10, 20)).toBe(0);
});

test("spans in one pixel column are drawn once", () => {
  const spans = Spans.of([
    [1, 2],
    [3, 4],
    [500, 501],
  ]);
  expect(columns(spans, 100)).toEqual([
    [0, 1],
    [50, 51],
  ]);
});

test("a hole of several columns stays visible, what reaches beyond the view is cut", () => {
  const spans = Spans.of([
    [-500, 200],
    [400, 5000],
  ]);
  expect(columns(spans, 100)).toEqual([
    [0, 20],
    [40, 100],
  ]);
});

test("nothing outside the view is drawn", () => {
  const spans = Spans.of([
    [-20, -10],
    [1000, 1100],
  ]);
  expect(columns(spans, 100)).toEqual([]);
});

test("100,000 spans make as many drawing steps as there are columns, and leave nothing out", () => {
  const count = 100_000;
  const year = 365 * 86_400_000;
  const each = year / count;
  const spans = Spans.of(
    Array.from({ length: count }, (_, at) => [at * each, (at + 0.9) * each] as const),
  );
  const drawn = columns(spans, 1440, { startMs: 0, endMs: year });
  expect(drawn).toEqual([[0, 1440]]);
  const close = columns(spans, 1440, { startMs: 0, endMs: each * 10 });
  expect(close).toHaveLength(10);
});

test("columns are the same as those of a plain walk over all spans", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let round = 0; round < 50; round++) {
    const pairs: Pair[] = Array.from({ length: 300 }, () => {
      const start = random() * 1200 - 100;
      return [start, start + random() * 4];
    });
    const spans = Spans.of(pairs);
    const plain = new Set<number>();
    for (let index = 0; index < spans.length; index++) {
      const [start, end] = spans.at(index) ?? [0, 0];
      if (end <= 0 || start >= 1000) continue;
      const left = Math.max(0, Math.floor(start / 10));
      for (let x = left; x < Math.min(100, Math.max(left + 1, Math.round(end / 10))); x++)
        plain.add(x);
    }
    const drawn = new Set<number>();
    spans.columns(VIEW, 100, (from, to) => {
      for (let x = from; x < to; x++) drawn.add(x);
    });
    expect([...drawn].sort()).toEqual([...plain].sort());
  }
});
