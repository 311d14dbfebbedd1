/** The list itself; of thousands of rows only those in sight are in the document. */

import { memo, useEffect } from "react";
import css from "./recordings.module.css";
import { COLUMNS, DayRow, GapRow, RecordingRow } from "./row-views";
import type { Row } from "./rows";
import { useWindow } from "./use-window";

export interface RecordingTableProps {
  rows: readonly Row[];
  /** Names of cameras by id. */
  names: ReadonlyMap<string, string>;
  /** More rows can be loaded, so their number is not known. */
  hasMore: boolean;
  /** The end of the rows is near. */
  onEnd(): void;
}

const NEAR_END = 30;

export function RecordingTable({ rows, names, hasMore, onEnd }: RecordingTableProps) {
  const [body, { first, last, rowHeight }] = useWindow(rows.length);
  const isNearEnd = hasMore && last > rows.length - NEAR_END;
  useEffect(() => {
    if (isNearEnd) onEnd();
  }, [isNearEnd, onEnd]);
  return (
    <div className={css.list}>
      <table aria-label="Recordings" aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {COLUMNS.map(({ id, label, align }) => (
              <th key={id} scope="col" data-cell={id} data-align={align}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Space height={first * rowHeight} />
          {rows.slice(first, last).map((row, at) => (
            <AnyRow key={row.id} row={row} index={first + at + 2} names={names} />
          ))}
          <Space height={(rows.length - last) * rowHeight} />
        </tbody>
      </table>
    </div>
  );
}

/** Stands for rows that are not drawn. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={css.space}>
      <td colSpan={COLUMNS.length} style={{ height }} />
    </tr>
  );
}

interface AnyRowProps {
  row: Row;
  index: number;
  names: ReadonlyMap<string, string>;
}

const AnyRow = memo(function AnyRow({ row, index, names }: AnyRowProps) {
  if (row.kind === "day") return <DayRow at={row.at} index={index} />;
  if (row.kind === "gap") return <GapRow gap={row.gap} index={index} names={names} />;
  return <RecordingRow recording={row.recording} index={index} names={names} />;
});
