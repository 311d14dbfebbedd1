/** What is pressed. */

import type { ReactElement, ReactNode } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Link as AriaLink,
  ToggleButton as AriaToggleButton,
  type ToggleButtonProps as AriaToggleButtonProps,
  type LinkProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import css from "./button.module.css";

export type ButtonKind = "plain" | "primary" | "danger" | "quiet";

const KINDS = { plain: "", primary: css.primary, danger: css.danger, quiet: css.quiet };

export const classes = (...names: (string | undefined | false)[]): string =>
  names.filter(Boolean).join(" ");

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  kind?: ButtonKind;
  className?: string | undefined;
  children?: ReactNode;
}

/** While `isPending` it stays where it is, keeps the focus, and does nothing. */
export function Button({ kind = "plain", className, isPending, children, ...props }: ButtonProps) {
  // the library's own pending state announces elements that may be gone by then
  const pending = isPending ? ({ type: "button", onPress: ignore } as const) : {};
  return (
    <AriaButton
      {...props}
      {...pending}
      data-pending={isPending || undefined}
      className={classes(css.button, KINDS[kind], className)}
    >
      {children}
      {isPending && <span className="visually-hidden">, in progress</span>}
    </AriaButton>
  );
}

const ignore = (): void => undefined;

export interface LinkButtonProps extends Omit<LinkProps, "className" | "style"> {
  kind?: ButtonKind;
  className?: string;
}

/** Looks like a button, leads somewhere. */
export function LinkButton({ kind = "plain", className, ...props }: LinkButtonProps) {
  return <AriaLink {...props} className={classes(css.button, KINDS[kind], className)} />;
}

export interface IconButtonProps extends Omit<ButtonProps, "aria-label"> {
  /** What it does; read aloud, and shown on hover and focus. */
  label: string;
  /** Key that does the same, shown beside the label. */
  shortcut?: string;
}

/** A button with an icon for its text. */
export function IconButton({ label, shortcut, kind = "quiet", ...props }: IconButtonProps) {
  const button = (
    <AriaButton
      {...props}
      aria-label={label}
      className={classes(css.button, css.icon, KINDS[kind], props.className)}
    />
  );
  return <WithTooltip text={shortcut ? `${label} (${shortcut})` : label}>{button}</WithTooltip>;
}

export interface ToggleButtonProps
  extends Omit<AriaToggleButtonProps, "className" | "style" | "children"> {
  children?: ReactNode;
  className?: string;
}

/** A button that stays pressed. */
export function ToggleButton({ className, ...props }: ToggleButtonProps) {
  return <AriaToggleButton {...props} className={classes(css.button, css.toggle, className)} />;
}

/** Explains a control on hover and focus. */
function WithTooltip({ text, children }: { text: string; children: ReactElement }) {
  return (
    <TooltipTrigger delay={500}>
      {children}
      <Tooltip className={css.tooltip ?? ""} offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
