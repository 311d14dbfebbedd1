import { beforeEach, expect, test } from "vitest";
import { type Decision, Pacer } from "../../src/player/pacing";

const PART = 0.2;
let pacer: Pacer;
beforeEach(() => {
  pacer = new Pacer();
});

/** Ten decisions a second with what lies ahead going up and down as parts come. */
function run(from: number, seconds: number, ahead: (at: number) => number, most?: number) {
  const decisions: Decision[] = [];
  for (let step = 0; step < seconds * 10; step++) {
    const now = from + step / 10;
    const limit = most === undefined ? {} : { most };
    decisions.push(pacer.decide({ now, ahead: ahead(now), part: PART, ...limit }));
  }
  return decisions;
}

const last = (decisions: Decision[]) => decisions[decisions.length - 1];

test("what lies ahead as it should is played at normal speed", () => {
  const sawtooth = (at: number) => (Math.round(at * 10) % 2 === 0 ? 0.35 : 0.16);
  const decisions = run(10, 5, sawtooth);
  expect(decisions.every(({ rate, jump }) => rate === 1 && jump === 0)).toBe(true);
});

test("a little too much is caught up by playing a little faster", () => {
  run(10, 3, () => 0.3);
  const decision = last(run(13, 2, () => 0.3));
  expect(decision).toEqual({ rate: 1.05, jump: 0 });
});

test("more is caught up faster, and the rate is bounded", () => {
  run(10, 3, () => 0.3);
  expect(last(run(13, 2, () => 0.5))?.rate).toBe(1.1);
  expect(last(run(15, 2, () => 2))?.rate).toBe(1.25);
});

test("the least of the last second counts, not the moment", () => {
  run(10, 3, () => 0.3);
  expect(pacer.decide({ now: 13, ahead: 0.1, part: PART }).rate).toBe(1);
  expect(pacer.decide({ now: 13.1, ahead: 0.9, part: PART }).rate).toBe(1);
});

test("too little is played a little slower", () => {
  run(10, 3, () => 0.3);
  expect(last(run(13, 2, () => 0.01))?.rate).toBe(0.95);
});

test("far behind jumps to the target", () => {
  run(10, 3, () => 0.3);
  const decision = pacer.decide({ now: 13, ahead: 5, part: PART });
  expect(decision.rate).toBe(1);
  expect(5 - decision.jump).toBeCloseTo(pacer.target(PART));
});

test("just after the beginning a smaller distance is jumped over", () => {
  expect(pacer.decide({ now: 10, ahead: 1.2, part: PART }).jump).toBeGreaterThan(0.8);
  run(10.1, 3, () => 0.3);
  expect(pacer.decide({ now: 14, ahead: 1.2, part: PART }).jump).toBe(0);
});

test("a new beginning settles again", () => {
  run(10, 5, () => 0.3);
  pacer.restart();
  expect(pacer.decide({ now: 15, ahead: 1.2, part: PART }).jump).toBeGreaterThan(0);
});

test("every stall widens the margin, up to a bound, and calm narrows it again", () => {
  const calm = pacer.target(PART);
  pacer.stalled(0.2);
  expect(pacer.target(PART)).toBeCloseTo(calm + 0.1);
  for (let count = 0; count < 50; count++) pacer.stalled(0.2);
  expect(pacer.target(PART)).toBeCloseTo(calm + 1);
  run(10, 1100, () => 1.2);
  expect(pacer.target(PART)).toBeCloseTo(calm);
});

test("an outage teaches nothing about the margin", () => {
  const calm = pacer.target(PART);
  pacer.stalled(5);
  expect(pacer.target(PART)).toBe(calm);
});

test("what almost ran dry widens the margin once for each dip, and half as much", () => {
  const calm = pacer.target(PART);
  run(10, 60, () => 0.02);
  expect(pacer.target(PART)).toBeLessThanOrEqual(calm + 0.05);
  pacer.decide({ now: 70, ahead: 0.3, part: PART });
  pacer.decide({ now: 70.1, ahead: 0.02, part: PART });
  expect(pacer.target(PART)).toBeGreaterThan(calm + 0.03);
});

test("a calmer margin can be asked for", () => {
  expect(new Pacer(0.3).target(PART)).toBeCloseTo(0.5);
});

test("longer parts have a larger target, within bounds", () => {
  expect(pacer.target(0.2)).toBeCloseTo(0.35);
  expect(pacer.target(0.5)).toBeCloseTo(0.75);
  expect(pacer.target(1)).toBeLessThanOrEqual(1.5);
});

test("no more is caught up than the stream's own hold-back allows", () => {
  run(10, 3, () => 0.8, 0);
  expect(last(run(13, 2, () => 0.8, 0))).toEqual({ rate: 1, jump: 0 });
  expect(last(run(15, 2, () => 0.8, 0.1))).toEqual({ rate: 1.05, jump: 0 });
});
