/** Times, lengths and sizes as people read them: the viewer's zone, 24 hours. */

const LANGUAGE = "en-GB";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, zone?: string): Intl.DateTimeFormat {
  const key = JSON.stringify([options, zone]);
  let found = formats.get(key);
  if (found === undefined) {
    const hourCycle = "hour" in options ? ({ hourCycle: "h23" } as const) : {};
    const timeZone = zone === undefined ? {} : { timeZone: zone };
    found = new Intl.DateTimeFormat(LANGUAGE, { ...options, ...hourCycle, ...timeZone });
    formats.set(key, found);
  }
  return found;
}

const DAY = { day: "2-digit", month: "short", year: "numeric" } as const;
const MINUTE = { hour: "2-digit", minute: "2-digit" } as const;
const SECOND = { ...MINUTE, second: "2-digit" } as const;

/** 21 Nov 2026, 08:46 (or :31 with seconds). */
export function formatTime(at: Date, shape: TimeShape = "minute", zone?: string): string {
  if (Number.isNaN(at.getTime())) return "–";
  return format(SHAPES[shape], zone).format(at);
}

export type TimeShape = "day" | "minute" | "second" | "clock";
const SHAPES: Record<TimeShape, Intl.DateTimeFormatOptions> = {
  day: DAY,
  minute: { ...DAY, ...MINUTE },
  second: { ...DAY, ...SECOND },
  clock: SECOND,
};

const STEPS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** The two largest units: 2 d 4 h, 3 min 20 s, 0.4 s. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "-" : "";
  if (size < 9.95) return `${sign}${Number(size.toFixed(1))} s`;
  let left = Math.round(size);
  const parts: string[] = [];
  for (const [unit, length] of STEPS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return sign + parts.join(" ");
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Three digits at most, in powers of 1000, as disks are sold: 1.2 GB. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${bytes < 0 ? "-" : ""}${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** 4.2 Mbit/s. */
export function formatBitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 999_500) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}
