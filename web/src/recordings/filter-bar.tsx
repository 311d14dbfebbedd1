/** Which recordings the list shows. */

import { type CalendarDate, today } from "@internationalized/date";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { Button, IconButton, Select, Switch, TextField } from "../ui";
import { ALL, type Filter, readDay, SPANS, type Span } from "./filter";
import css from "./recordings.module.css";

export interface FilterBarProps {
  filter: Filter;
  /** The last day shown. */
  day: CalendarDate;
  zone: string;
  cameras: readonly { id: string; label: string }[];
  onChange(filter: Filter): void;
}

export function FilterBar({ filter, day, zone, cameras, onChange }: FilterBarProps) {
  const now = today(zone);
  const change = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  const show = (next: CalendarDate) => change({ day: next.compare(now) >= 0 ? null : next });
  return (
    <search className={css.filters} aria-label="Which recordings">
      <Select
        label="Camera"
        options={[{ id: ALL, label: "All cameras" }, ...cameras]}
        value={filter.whose}
        onChange={(whose) => change({ whose })}
      />
      <div className={css.day}>
        <IconButton label="Earlier" shortcut="←" onPress={() => show(step(filter, day, -1))}>
          <ChevronLeft size={18} aria-hidden />
        </IconButton>
        <TextField
          label={filter.days === 1 ? "Day" : "Last day"}
          type="date"
          value={day.toString()}
          onChange={(text) => {
            const next = readDay(text);
            if (next !== null) show(next);
          }}
        />
        <IconButton
          label="Later"
          shortcut="→"
          isDisabled={day.compare(now) >= 0}
          onPress={() => show(step(filter, day, 1))}
        >
          <ChevronRight size={18} aria-hidden />
        </IconButton>
        <Button isDisabled={filter.day === null} onPress={() => change({ day: null })}>
          Today
        </Button>
      </div>
      <Select
        label="Span"
        options={SPANS.map((days) => ({ id: String(days), label: spanText(days) }))}
        value={String(filter.days)}
        onChange={(days) => change({ days: Number(days) as Span })}
      />
      <Switch isSelected={filter.hasGaps} onChange={(hasGaps) => change({ hasGaps })}>
        Show gaps
      </Switch>
    </search>
  );
}

/** The day that the arrows lead to: a whole span away. */
export function step(filter: Filter, day: CalendarDate, direction: 1 | -1): CalendarDate {
  return day.add({ days: filter.days * direction });
}

const spanText = (days: Span) => (days === 1 ? "1 day" : `${days} days`);
