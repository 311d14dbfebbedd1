import { EmptyState, Page } from "../ui";

export function System() {
  return (
    <Page title="System">
      <EmptyState title="Nothing here yet" />
    </Page>
  );
}
