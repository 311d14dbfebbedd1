/** A table that scrolls sideways where it is too wide; rows are given as `<tr>`. */

import type { ReactNode } from "react";
import css from "./table.module.css";

export interface Column {
  id: string;
  label: string;
  align?: "left" | "right";
  /** For a column of buttons: the label is read aloud only. */
  isLabelHidden?: boolean;
}

export interface TableProps {
  /** What it shows; read aloud. */
  label: string;
  columns: readonly Column[];
  children: ReactNode;
}

export function Table({ label, columns, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={css.scroll} aria-label={label} tabIndex={0}>
      <table className={css.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" data-align={column.align ?? "left"}>
                <span className={column.isLabelHidden ? "visually-hidden" : undefined}>
                  {column.label}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
