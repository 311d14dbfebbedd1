import { EmptyState, Page } from "../ui";

export function Cameras() {
  return (
    <Page title="Cameras">
      <EmptyState title="Nothing here yet" />
    </Page>
  );
}
