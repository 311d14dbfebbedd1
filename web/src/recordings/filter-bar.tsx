/** Which recordings the list shows. */

import type { CalendarDate } from "@internationalized/date";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { Button, IconButton, Select, Switch, TextField } from "../ui";
import { type Filter, readDay, SPANS, type Span } from "./filter";
import css from "./recordings.module.css";

export interface FilterBarProps {
  filter: Filter;
  /** The last day shown. */
  day: CalendarDate;
  today: CalendarDate;
  choices: readonly { id: string; label: string }[];
  onChange(filter: Filter): void;
}

export function FilterBar({ filter, day, today, choices, onChange }: FilterBarProps) {
  const change = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  const show = (next: CalendarDate) => change({ day: next.compare(today) >= 0 ? null : next });
  return (
    <search className={css.filters} aria-label="Which recordings">
      <Select
        label="Camera"
        className={css.camera ?? ""}
        options={choices}
        value={filter.whose}
        onChange={(whose) => change({ whose })}
      />
      <div className={css.day}>
        <IconButton label="Earlier" shortcut="←" onPress={() => show(step(filter, day, -1))}>
          <ChevronLeft size={18} aria-hidden />
        </IconButton>
        <DayField label={filter.days === 1 ? "Day" : "Last day"} day={day} onChange={show} />
        <IconButton
          label="Later"
          shortcut="→"
          isDisabled={day.compare(today) >= 0}
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

/** Keeps what is typed until it is a day: a year comes digit by digit. */
function DayField(props: { label: string; day: CalendarDate; onChange(day: CalendarDate): void }) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextField
      label={props.label}
      type="date"
      value={typed ?? props.day.toString()}
      onChange={(text) => {
        setTyped(text);
        const day = readDay(text);
        if (day !== null) props.onChange(day);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

/** The day that the arrows lead to: a whole span away. */
export function step(filter: Filter, day: CalendarDate, direction: 1 | -1): CalendarDate {
  return day.add({ days: filter.days * direction });
}

const spanText = (days: Span) => (days === 1 ? "1 day" : `${days} days`);
