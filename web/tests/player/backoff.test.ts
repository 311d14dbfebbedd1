import { expect, test } from "vitest";
import { Backoff } from "../../src/player/backoff";

const middle = () => 0.5;

test("the waits double up to a bound", () => {
  const backoff = new Backoff(middle);
  const waits = Array.from({ length: 9 }, () => backoff.next());
  expect(waits).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15]);
});

test("it stays bounded for ever", () => {
  const backoff = new Backoff(() => 0.999);
  for (let count = 0; count < 5000; count++) expect(backoff.next()).toBeLessThan(22.5);
});

test("jitter spreads by half to both sides", () => {
  expect(new Backoff(() => 0).next()).toBeCloseTo(0.05);
  expect(new Backoff(() => 1).next()).toBeCloseTo(0.15);
});

test("it begins again after it went well", () => {
  const backoff = new Backoff(middle);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(0.1);
});

test("what the server asks for is waited at least", () => {
  const backoff = new Backoff(middle);
  expect(backoff.next(5)).toBe(5);
  expect(backoff.next(0)).toBe(0.2);
});
