import { EmptyState, Page } from "../ui";

export function Live() {
  return (
    <Page title="Live">
      <EmptyState title="Nothing here yet" />
    </Page>
  );
}
