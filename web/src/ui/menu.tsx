/** A menu behind a button. */

import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  type MenuItemProps as AriaMenuItemProps,
  MenuSection as AriaMenuSection,
  Header,
  MenuTrigger,
  Popover,
  type PopoverProps,
  Separator,
} from "react-aria-components";
import { classes } from "./button";
import css from "./overlay.module.css";

export interface MenuProps {
  /** The button that opens it. */
  trigger: ReactElement;
  label: string;
  placement?: PopoverProps["placement"];
  children: ReactNode;
}

export function Menu({ trigger, label, placement = "bottom end", children }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className={css.popover ?? ""} placement={placement}>
        <AriaMenu aria-label={label} className={css.list ?? ""}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface MenuItemProps extends Omit<AriaMenuItemProps, "className" | "style" | "children"> {
  isDanger?: boolean;
  children: ReactNode;
}

export function MenuItem({ isDanger = false, ...props }: MenuItemProps) {
  const text = typeof props.children === "string" ? { textValue: props.children } : {};
  return (
    <AriaMenuItem {...text} {...props} className={classes(css.item, isDanger && css.itemDanger)} />
  );
}

export interface MenuChoiceProps {
  label: string;
  options: readonly { id: string; label: string }[];
  value: string;
  onChange(id: string): void;
}

/** Some items of which one is chosen. */
export function MenuChoice({ label, options, value, onChange }: MenuChoiceProps) {
  return (
    <AriaMenuSection
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (key !== undefined) onChange(String(key));
      }}
    >
      <Header className={css.section}>{label}</Header>
      {options.map((option) => (
        <MenuItem key={option.id} id={option.id} textValue={option.label}>
          <Check size={16} className={option.id === value ? undefined : css.unchosen} aria-hidden />
          {option.label}
        </MenuItem>
      ))}
    </AriaMenuSection>
  );
}

export function MenuSeparator() {
  return <Separator className={css.separator ?? ""} />;
}
