/** The viewer's date, also when midnight comes or the clock is set. */

import { type CalendarDate, parseDate, today } from "@internationalized/date";
import { useEffect, useState } from "react";

const CHECK_MS = 30_000;

export function useToday(zone: string): CalendarDate {
  const [text, setText] = useState(() => today(zone).toString());
  useEffect(() => {
    const timer = setInterval(() => setText(today(zone).toString()), CHECK_MS);
    return () => clearInterval(timer);
  }, [zone]);
  return parseDate(text);
}
