/** A grid of cameras and days; arrow keys move in it, Enter opens playback on that day. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { formatTime } from "../ui";
import css from "./coverage.module.css";
import { type CoverageDay, dayLines, levelOf, moved, percentText } from "./coverage-figures";

type View = Schemas["CoverageView"];

export interface CoverageMapProps {
  views: readonly View[];
  names: ReadonlyMap<string, string>;
}

export function CoverageMap({ views, names }: CoverageMapProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const days = views[0]?.days ?? [];
  const [at, setAt] = useState<[number, number]>([0, days.length - 1]);
  const count = days.length;
  useEffect(() => {
    // the newest days stand at the right end
    if (scroller.current !== null && count > 0) scroller.current.scrollLeft = 1e6;
  }, [count]);
  const column = Math.min(at[1], count - 1);
  const row = Math.min(at[0], views.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const to = moved(event.key, [row, column], views.length, count);
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    setAt(to);
    scroller.current?.querySelector<HTMLElement>(`[data-at="${to.join()}"]`)?.focus();
  };
  return (
    <div className={css.scroller} ref={scroller}>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose cells are reached by arrow keys */}
      <table role="grid" aria-label="Coverage by camera and day" onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <th scope="col">Camera</th>
            {days.map((day) => (
              <th scope="col" key={day.day}>
                <DayName day={day.day} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {views.map((view, y) => (
            <tr key={view.camera_id}>
              <th scope="row" title={names.get(view.camera_id)}>
                {names.get(view.camera_id) ?? view.camera_id}
              </th>
              {view.days.map((day, x) => (
                <td key={day.day}>
                  <Cell
                    day={day}
                    camera={view.camera_id}
                    at={`${y},${x}`}
                    isCurrent={y === row && x === column}
                    onFocus={() => setAt([y, x])}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  day: CoverageDay;
  camera: string;
  at: string;
  isCurrent: boolean;
  onFocus(): void;
}

function Cell({ day, camera, at, isCurrent, onFocus }: CellProps) {
  const level = levelOf(day);
  const text = `${formatTime(new Date(day.started_at), "day")}: ${dayLines(day).join(". ")}.`;
  return (
    <Link
      to={`/playback?camera=${camera}&at=${day.started_at}`}
      className={css.cell}
      data-level={level}
      data-at={at}
      tabIndex={isCurrent ? 0 : -1}
      aria-label={`${percentText(day)} percent. ${text}`}
      title={text}
      onFocus={onFocus}
    >
      {level === "unexplained" ? "! " : ""}
      {percentText(day)}
    </Link>
  );
}

/** `20` with the weekday above it; the month where it changes or at the start. */
function DayName({ day }: { day: string }) {
  const noon = new Date(`${day}T12:00:00Z`);
  const weekday = noon.toLocaleDateString("en-GB", { weekday: "short", timeZone: "UTC" });
  const month = noon.toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" });
  return (
    <>
      <span className={css.weekday}>{noon.getUTCDate() === 1 ? month : weekday}</span>
      <span>{noon.getUTCDate()}</span>
      <span className="visually-hidden">
        {month} {noon.getUTCFullYear()}
      </span>
    </>
  );
}
