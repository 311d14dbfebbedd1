/** Words on the ruler's marks: the viewer's zone, 24 hours. */

import type { Mark, Step, Unit } from "./marks";

const LANGUAGE = "en-GB";

type Options = Intl.DateTimeFormatOptions;
const CLOCK: Options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const OPTIONS: Record<Unit, Options> = {
  fraction: { ...CLOCK, second: "2-digit", fractionalSecondDigits: 2 },
  second: { ...CLOCK, second: "2-digit" },
  minute: CLOCK,
  hour: CLOCK,
  day: { day: "numeric", month: "short" },
  month: { month: "short" },
  year: { year: "numeric" },
};
const CONTEXT: Record<"day" | "month" | "year", Options> = {
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  month: { month: "long", year: "numeric" },
  year: { year: "numeric" },
};

/** Formats times of one zone; Intl's formatters are slow to make, so they are kept. */
export class RulerWords {
  private readonly formats = new Map<string, Intl.DateTimeFormat>();

  constructor(private readonly zone: string) {}

  /** `10:15`; a time that the clock shows for the second time has its zone with it. */
  mark({ ms, isRepeated }: Mark, { unit }: Step): string {
    const zoned: Options = isRepeated ? { timeZoneName: "short" } : {};
    return this.format(`${unit} ${isRepeated}`, { ...OPTIONS[unit], ...zoned }).format(ms);
  }

  /** `Sat 21 Nov 2026`. */
  context(ms: number, { unit }: Step): string {
    const options = CONTEXT[unit as keyof typeof CONTEXT] ?? CONTEXT.day;
    return this.format(`context ${unit}`, options).format(ms);
  }

  private format(key: string, options: Options): Intl.DateTimeFormat {
    let found = this.formats.get(key);
    if (found === undefined) {
      found = new Intl.DateTimeFormat(LANGUAGE, { ...options, timeZone: this.zone });
      this.formats.set(key, found);
    }
    return found;
  }
}
