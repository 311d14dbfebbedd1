/** What is ticked, switched or chosen. */

import { Check, ChevronDown, Minus } from "lucide-react";
import type { ReactNode } from "react";
import {
  Checkbox as AriaCheckbox,
  CheckboxGroup as AriaCheckboxGroup,
  type CheckboxGroupProps as AriaCheckboxGroupProps,
  type CheckboxProps as AriaCheckboxProps,
  Radio as AriaRadio,
  RadioGroup as AriaRadioGroup,
  type RadioGroupProps as AriaRadioGroupProps,
  Select as AriaSelect,
  type SelectProps as AriaSelectProps,
  Switch as AriaSwitch,
  type SwitchProps as AriaSwitchProps,
  Button,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from "react-aria-components";
import { classes } from "./button";
import { Below } from "./field";
import css from "./field.module.css";
import menu from "./overlay.module.css";

export interface CheckboxProps extends Omit<AriaCheckboxProps, "className" | "style" | "children"> {
  children?: ReactNode;
  className?: string;
}

/** Without text it needs an `aria-label`. */
export function Checkbox({ children, className, ...props }: CheckboxProps) {
  return (
    <AriaCheckbox {...props} className={classes(css.check, className)}>
      {({ isSelected, isIndeterminate }) => (
        <>
          <span className={css.box}>
            {isIndeterminate && <Minus size={14} strokeWidth={3} aria-hidden />}
            {isSelected && !isIndeterminate && <Check size={14} strokeWidth={3} aria-hidden />}
          </span>
          {children}
        </>
      )}
    </AriaCheckbox>
  );
}

export interface CheckboxGroupProps
  extends Omit<AriaCheckboxGroupProps, "className" | "style" | "children"> {
  label: string;
  hint?: ReactNode;
  children: ReactNode;
}

export function CheckboxGroup({ label, hint, children, ...props }: CheckboxGroupProps) {
  return (
    <AriaCheckboxGroup {...props} className={css.group ?? ""}>
      <Label className={css.label}>{label}</Label>
      {children}
      <Below hint={hint} />
    </AriaCheckboxGroup>
  );
}

export interface SwitchProps extends Omit<AriaSwitchProps, "className" | "style" | "children"> {
  children?: ReactNode;
}

export function Switch({ children, ...props }: SwitchProps) {
  return (
    <AriaSwitch {...props} className={classes(css.check, css.switch)}>
      <span className={css.track}>
        <span className={css.knob} />
      </span>
      {children}
    </AriaSwitch>
  );
}

export interface RadioGroupProps
  extends Omit<AriaRadioGroupProps, "className" | "style" | "children"> {
  label: string;
  hint?: ReactNode;
  options: readonly { id: string; label: ReactNode }[];
}

export function RadioGroup({ label, hint, options, ...props }: RadioGroupProps) {
  return (
    <AriaRadioGroup {...props} className={css.group ?? ""}>
      <Label className={css.label}>{label}</Label>
      {options.map((option) => (
        <AriaRadio key={option.id} value={option.id} className={css.check ?? ""}>
          {({ isSelected }) => (
            <>
              <span className={classes(css.box, css.round)}>
                {isSelected && <span className={css.dot} />}
              </span>
              {option.label}
            </>
          )}
        </AriaRadio>
      ))}
      <Below hint={hint} />
    </AriaRadioGroup>
  );
}

export interface Option {
  id: string;
  label: string;
}

export interface SelectProps
  extends Omit<
    AriaSelectProps<Option>,
    "className" | "style" | "children" | "onSelectionChange" | "selectedKey" | "value" | "onChange"
  > {
  label: string;
  /** Read the label aloud only. */
  isLabelHidden?: boolean;
  hint?: ReactNode;
  options: readonly Option[];
  value: string | null;
  onChange(id: string): void;
  className?: string;
}

/** One of a list. */
export function Select(props: SelectProps) {
  const { label, isLabelHidden, hint, options, value, onChange, className, ...rest } = props;
  return (
    <AriaSelect
      {...rest}
      {...(isLabelHidden ? { "aria-label": label } : {})}
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      className={classes(css.field, className)}
    >
      {!isLabelHidden && <Label className={css.label}>{label}</Label>}
      <Button className={css.trigger ?? ""}>
        <SelectValue className={css.value ?? ""} />
        <ChevronDown size={16} aria-hidden />
      </Button>
      <Below hint={hint} />
      <Popover className={menu.popover ?? ""}>
        <ListBox items={options} className={menu.list ?? ""}>
          {(option) => (
            <ListBoxItem id={option.id} textValue={option.label} className={menu.item ?? ""}>
              {option.label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
