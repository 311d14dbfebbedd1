import { EmptyState, Page } from "../ui";

export function Playback() {
  return (
    <Page title="Playback">
      <EmptyState title="Nothing here yet" />
    </Page>
  );
}
