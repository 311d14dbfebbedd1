/** The usual page: a heading with buttons beside it, and what follows. */

import type { ReactNode } from "react";
import { classes } from "./button";
import css from "./page.module.css";
import { usePageTitle } from "./page-title";

export interface PageProps {
  title: string;
  /** Buttons beside the heading. */
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Page({ title, actions, className, children }: PageProps) {
  usePageTitle(title);
  return (
    <div className={classes(css.page, className)}>
      <header className={css.head}>
        <h1>{title}</h1>
        {actions !== undefined && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A framed part of a page. */
export function Panel(props: { title?: string; className?: string; children: ReactNode }) {
  return (
    <section className={classes(css.panel, props.className)}>
      {props.title !== undefined && <h2>{props.title}</h2>}
      {props.children}
    </section>
  );
}
