/** How the installation is doing and who may use it; each tab has an address of its own. */

import { Suspense } from "react";
import { Navigate, useParams } from "react-router";
import { useSession } from "../app/session";
import { Page, Spinner, Tabs } from "../ui";
import { TABS } from "./tabs";

export function System() {
  const { permissions } = useSession();
  const { tab } = useParams();
  const tabs = TABS.filter(
    (each) => each.permission === null || permissions.includes(each.permission),
  );
  const selected = tabs.find(({ id }) => id === tab);
  if (selected === undefined) return <Navigate to={`/system/${tabs[0]?.id ?? ""}`} replace />;
  return (
    <Page title="System">
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
    </Page>
  );
}
