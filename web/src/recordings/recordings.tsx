import { EmptyState, Page } from "../ui";

export function Recordings() {
  return (
    <Page title="Recordings">
      <EmptyState title="Nothing here yet" />
    </Page>
  );
}
