/** A calendar with the days that have footage. */

import { type CalendarDate, parseDate } from "@internationalized/date";
import { useQuery } from "@tanstack/react-query";
import { CalendarDays, ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import {
  Calendar,
  CalendarCell,
  CalendarGrid,
  Dialog,
  DialogTrigger,
  Heading,
  Popover,
} from "react-aria-components";
import { messageOf } from "../api/errors";
import { serverNow } from "../api/server-now";
import { Button, ErrorNote, formatSeconds, formatTime, IconButton } from "../ui";
import { calendarQuery } from "./data";
import css from "./day-picker.module.css";
import type { Zone } from "./zone";

export interface DayPickerProps {
  cameras: readonly string[];
  zone: Zone;
  atMs: number;
  onPick(day: { startMs: number; endMs: number }): void;
}

export function DayPicker({ cameras, zone, atMs, onPick }: DayPickerProps) {
  const [isOpen, setOpen] = useState(false);
  const pick = (date: CalendarDate) => {
    setOpen(false);
    onPick({ startMs: zone.startOf(date), endMs: zone.startOf(date.add({ days: 1 })) });
  };
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <Button aria-label={`Choose a day; now ${formatTime(new Date(atMs), "day")}`}>
        <CalendarDays size={18} aria-hidden />
        {formatTime(new Date(atMs), "day")}
      </Button>
      <Popover className={css.popover ?? ""} placement="bottom end">
        <Dialog className={css.dialog ?? ""} aria-label="Choose a day">
          <Days cameras={cameras} zone={zone} atMs={atMs} onPick={pick} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

interface DaysProps extends Omit<DayPickerProps, "onPick"> {
  onPick(date: CalendarDate): void;
}

function Days({ cameras, zone, atMs, onPick }: DaysProps) {
  const shown = zone.dateAt(atMs);
  const today = zone.dateAt(serverNow());
  const [focused, setFocused] = useState(shown);
  const first = focused.set({ day: 1 });
  const last = first.add({ months: 1 }).subtract({ days: 1 });
  const calendar = useQuery(calendarQuery(cameras, first.toString(), last.toString(), zone.name));
  const days = calendar.isPlaceholderData ? undefined : calendar.data;
  const secondsOn = (date: CalendarDate) => calendar.data?.get(date.toString()) ?? 0;
  const hasAny = days === undefined || [...days.values()].some((seconds) => seconds > 0);
  return (
    <>
      <Calendar
        aria-label="Day"
        className={css.calendar ?? ""}
        value={shown}
        maxValue={today}
        focusedValue={focused}
        onFocusChange={(date) => setFocused(parseDate(date.toString()))}
        onChange={(date) => onPick(parseDate(date.toString()))}
        firstDayOfWeek="mon"
      >
        <header className={css.head}>
          <IconButton slot="previous" label="Month before">
            <ChevronLeft size={18} aria-hidden />
          </IconButton>
          <Heading className={css.month ?? ""} />
          <IconButton slot="next" label="Month after">
            <ChevronRight size={18} aria-hidden />
          </IconButton>
        </header>
        <CalendarGrid className={css.grid ?? ""}>
          {(date) => (
            <CalendarCell
              date={date}
              className={css.day ?? ""}
              data-footage={secondsOn(date) > 0 ? "yes" : "no"}
            >
              {({ formattedDate }) => (
                <>
                  {formattedDate}
                  <span className="visually-hidden">{days && dayText(secondsOn(date))}</span>
                </>
              )}
            </CalendarCell>
          )}
        </CalendarGrid>
      </Calendar>
      {calendar.isError ? (
        <div className={css.problem}>
          <ErrorNote
            title="It is not known which days have footage"
            text={`You can choose one all the same. ${messageOf(calendar.error)}`}
          >
            <Button onPress={() => void calendar.refetch()}>Try again</Button>
          </ErrorNote>
        </div>
      ) : (
        <p className={css.legend}>
          {hasAny ? "Marked days have footage" : "No footage in this month"}
        </p>
      )}
    </>
  );
}

function dayText(seconds: number): string {
  return seconds > 0 ? `, ${formatSeconds(seconds)} recorded` : ", no footage";
}
