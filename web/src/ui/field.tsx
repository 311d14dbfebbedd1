/**
 * Fields of forms. A form gives the server's answer to `Form` as `validationErrors`; each field
 * takes the message that bears its `name`.
 */

import { Search } from "lucide-react";
import type { ReactNode } from "react";
import {
  Form as AriaForm,
  NumberField as AriaNumberField,
  type NumberFieldProps as AriaNumberFieldProps,
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
  FieldError,
  type FormProps,
  Input,
  Label,
  Text,
  TextArea,
} from "react-aria-components";
import { classes } from "./button";
import css from "./field.module.css";

/** Fields below each other; with a class they stand as that says. */
export function Form({
  className,
  ...props
}: Omit<FormProps, "className"> & { className?: string | undefined }) {
  return <AriaForm {...props} className={className ?? css.form ?? ""} />;
}

interface Common {
  label: string;
  /** What belongs in it, below. */
  hint?: ReactNode;
  className?: string;
}

export interface TextFieldProps
  extends Omit<AriaTextFieldProps, "className" | "style" | "children">,
    Common {
  placeholder?: string;
  /** Several lines. */
  rows?: number;
}

export function TextField({ label, hint, className, placeholder, rows, ...props }: TextFieldProps) {
  const inputProps = {
    className: css.input ?? "",
    ...(placeholder === undefined ? {} : { placeholder }),
  };
  return (
    <AriaTextField {...props} className={classes(css.field, className)}>
      <Label className={css.label}>{label}</Label>
      {rows === undefined ? <Input {...inputProps} /> : <TextArea {...inputProps} rows={rows} />}
      <Below hint={hint} />
    </AriaTextField>
  );
}

export interface NumberFieldProps
  extends Omit<AriaNumberFieldProps, "className" | "style" | "children">,
    Common {}

export function NumberField({ label, hint, className, ...props }: NumberFieldProps) {
  return (
    <AriaNumberField {...props} className={classes(css.field, className)}>
      <Label className={css.label}>{label}</Label>
      <Input className={css.input ?? ""} />
      <Below hint={hint} />
    </AriaNumberField>
  );
}

export interface SearchFieldProps
  extends Omit<AriaSearchFieldProps, "className" | "style" | "children"> {
  label: string;
  placeholder?: string;
  className?: string;
}

/** Its label is read aloud only. Escape clears it. */
export function SearchField({ label, placeholder, className, ...props }: SearchFieldProps) {
  return (
    <AriaSearchField {...props} aria-label={label} className={classes(css.search, className)}>
      <Search size={16} className={css.glass} aria-hidden />
      <Input className={css.input ?? ""} placeholder={placeholder ?? label} />
    </AriaSearchField>
  );
}

/** Hint and error; for fields of other kinds too. */
export function Below({ hint }: { hint?: ReactNode }) {
  return (
    <>
      {hint !== undefined && (
        <Text slot="description" className={css.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={css.error ?? ""} />
    </>
  );
}
