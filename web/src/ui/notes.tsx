/** What stands where nothing else does: nothing there, went wrong, not yet; and small marks. */

import { CircleAlert, Info, LoaderCircle, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ProgressBar } from "react-aria-components";
import { classes } from "./button";
import css from "./notes.module.css";

export type Tone = "plain" | "good" | "busy" | "bad" | "accent";

export interface EmptyStateProps {
  title: string;
  /** Why there is nothing, and what to do about it. */
  text?: ReactNode;
  icon?: LucideIcon;
  /** Buttons. */
  children?: ReactNode;
}

/** In place of a list or page that has nothing to show. */
export function EmptyState({ title, text, icon: Icon, children }: EmptyStateProps) {
  return (
    <div className={css.empty}>
      {Icon !== undefined && <Icon size={32} strokeWidth={1.5} aria-hidden />}
      <h2>{title}</h2>
      {text !== undefined && <p className={css.dim}>{text}</p>}
      {children !== undefined && <div className={css.actions}>{children}</div>}
    </div>
  );
}

export interface ErrorNoteProps {
  title?: string;
  /** What happened and what to do about it. */
  text: ReactNode;
  /** `busy`: a warning; `plain`: worth knowing. */
  tone?: "bad" | "busy" | "plain";
  /** Buttons. */
  children?: ReactNode;
}

const NOTE_ICONS = { bad: CircleAlert, busy: TriangleAlert, plain: Info };

/** Read aloud when it appears. */
export function ErrorNote({ title, text, tone = "bad", children }: ErrorNoteProps) {
  const Icon = NOTE_ICONS[tone];
  return (
    <div className={css.note} data-tone={tone} role={tone === "bad" ? "alert" : "status"}>
      <Icon size={18} aria-hidden />
      <div>
        {title !== undefined && <p className={css.title}>{title}</p>}
        <div>{text}</div>
        {children !== undefined && <div className={css.actions}>{children}</div>}
      </div>
    </div>
  );
}

export interface BadgeProps {
  tone?: Tone;
  icon?: LucideIcon;
  title?: string;
  children: ReactNode;
}

/** A state in words; colour and icon only support them. */
export function Badge({ tone = "plain", icon: Icon, title, children }: BadgeProps) {
  return (
    <span className={css.badge} data-tone={tone} title={title}>
      {Icon !== undefined && <Icon size={13} aria-hidden />}
      {children}
    </span>
  );
}

/** Something is being loaded; the label is read aloud, and shown with `isLabelShown`. */
export function Spinner(props: {
  label: string;
  isLabelShown?: boolean;
  className?: string | undefined;
}) {
  return (
    <span role="status" className={classes(css.spinner, props.className)}>
      <LoaderCircle size={20} aria-hidden />
      <span className={props.isLabelShown ? undefined : "visually-hidden"}>{props.label}</span>
    </span>
  );
}

/** How far something is; without a value it is not known. */
export function Progress({ label, value, max }: { label: string; value: number; max: number }) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <ProgressBar aria-label={label} value={share * 100} className={css.bar ?? ""}>
      <div className={css.track}>
        <div className={css.fill} style={{ width: `${share * 100}%` }} />
      </div>
    </ProgressBar>
  );
}
