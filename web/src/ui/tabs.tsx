/** Tabs; with `href` each is an address of its own. */

import type { ReactNode } from "react";
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from "react-aria-components";
import css from "./tabs.module.css";

export interface TabEntry {
  id: string;
  label: string;
  /** Makes the tab a link; then the page passes `selected` from its address. */
  href?: string;
  content: ReactNode;
}

export interface TabsProps {
  label: string;
  tabs: readonly TabEntry[];
  selected?: string;
  onChange?(id: string): void;
}

/** Only the content of the selected tab is there. */
export function Tabs({ label, tabs, selected, onChange }: TabsProps) {
  return (
    <AriaTabs
      {...(selected === undefined ? {} : { selectedKey: selected })}
      onSelectionChange={(key) => onChange?.(String(key))}
      keyboardActivation="manual"
    >
      <TabList aria-label={label} className={css.list ?? ""}>
        {tabs.map(({ id, label: text, href }) => (
          <Tab key={id} id={id} className={css.tab ?? ""} {...(href === undefined ? {} : { href })}>
            {text}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className={css.panel ?? ""}>
          {content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
