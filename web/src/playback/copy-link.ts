/** A link to what is seen, for others. */

import { toast } from "../ui";
import { writeAddress } from "./address";
import type { PlaybackSession } from "./session";

export async function copyLink(
  session: PlaybackSession,
  cameras: readonly string[],
): Promise<void> {
  const shown = { cameras, atMs: session.playheadMs, speed: session.clock.rate };
  const link = `${location.origin}${location.pathname}${writeAddress(shown)}`;
  try {
    await navigator.clipboard.writeText(link);
    toast("The link to this moment was copied.", "good");
  } catch {
    // browsers offer the clipboard only over TLS or on this machine
    history.replaceState(history.state, "", link);
    toast("The browser does not let pages copy here. The address above is the link.");
  }
}
