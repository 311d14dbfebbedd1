/** How the installation is doing and who may use it; each tab has an address of its own. */

import { Suspense, useEffect, useRef } from "react";
import { Navigate, useParams } from "react-router";
import { useSession } from "../app/session";
import { Page, Spinner, Tabs } from "../ui";
import css from "./system.module.css";
import { TABS } from "./tabs";

export function System() {
  const { permissions } = useSession();
  const { tab } = useParams();
  const tabs = TABS.filter(
    (each) => each.permission === null || permissions.includes(each.permission),
  );
  const selected = tabs.find(({ id }) => id === tab);
  const ref = useSelectedInSight(selected?.id);
  if (selected === undefined) return <Navigate to={`/system/${tabs[0]?.id ?? ""}`} replace />;
  return (
    <Page title="System">
      <div className={css.tabs} ref={ref}>
        <Tabs
          label="System"
          selected={selected.id}
          tabs={tabs.map(({ id, label, Content }) => ({
            id,
            label,
            href: `/system/${id}`,
            content: (
              <Suspense fallback={<Spinner label={`Loading ${label}`} isLabelShown />}>
                <Content />
              </Suspense>
            ),
          }))}
        />
      </div>
    </Page>
  );
}

/** On a narrow screen the tabs scroll sideways, and the selected one would be out of sight. */
function useSelectedInSight(selected: string | undefined) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected === undefined) return;
    // the tabs are drawn a moment after their list
    const frame = requestAnimationFrame(() => {
      const tab = ref.current?.querySelector("[role=tab][aria-selected=true]");
      tab?.scrollIntoView({ block: "nearest", inline: "center" });
    });
    return () => cancelAnimationFrame(frame);
  }, [selected]);
  return ref;
}
