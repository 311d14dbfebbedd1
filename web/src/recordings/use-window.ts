/** Which rows of a long table are drawn: those in sight and some around them. */

import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** Rows drawn beyond the edges of the screen, so that a quick scroll and the Tab key find some. */
const AROUND = 20;
const STEP = 10;

export interface Shown {
  readonly first: number;
  /** Exclusive. */
  readonly last: number;
  readonly rowHeight: number;
}

/**
 * All rows have one height, which the style sheet gives; it is measured at the first row that has
 * `data-row`. Listens to whatever scrolls.
 */
export function useWindow(count: number): [RefObject<HTMLTableSectionElement | null>, Shown] {
  const body = useRef<HTMLTableSectionElement>(null);
  const [shown, setShown] = useState<Shown>({ first: 0, last: 60, rowHeight: 48 });
  useLayoutEffect(() => {
    const measure = () => {
      const row = body.current?.querySelector("[data-row]");
      const rowHeight = row?.getBoundingClientRect().height || 48;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const next = windowOf(top, window.innerHeight, rowHeight);
      setShown((old) => (isSame(old, next) ? old : next));
    };
    measure();
    document.addEventListener("scroll", measure, { capture: true, passive: true });
    window.addEventListener("resize", measure);
    return () => {
      document.removeEventListener("scroll", measure, { capture: true });
      window.removeEventListener("resize", measure);
    };
  }, []);
  const first = Math.min(shown.first, Math.max(0, count - 1));
  return [body, { ...shown, first, last: Math.min(shown.last, count) }];
}

/** Rows of which to draw; `top` is where the table's body begins in the window, in pixels. */
export function windowOf(top: number, height: number, rowHeight: number): Shown {
  const first = Math.floor(-top / rowHeight) - AROUND;
  const last = Math.ceil((height - top) / rowHeight) + AROUND;
  // in steps: a row more or less is no reason to draw anew
  return {
    first: Math.max(0, Math.floor(first / STEP) * STEP),
    last: Math.max(0, Math.ceil(last / STEP) * STEP),
    rowHeight,
  };
}

const isSame = (one: Shown, other: Shown): boolean =>
  one.first === other.first && one.last === other.last && one.rowHeight === other.rowHeight;
