/** Whether a device's clock is wrong enough to mislead. */

import { formatSeconds } from "../ui";

/** Below this nobody notices: the picture's own clock text counts in seconds. */
const NOTICED_SECONDS = 2;

/** What to say of a device's clock; null where it is right. Offset: the device's minus ours. */
export function clockWarning(offsetSeconds: number): string | null {
  if (!Number.isFinite(offsetSeconds) || Math.abs(offsetSeconds) < NOTICED_SECONDS) return null;
  const side = offsetSeconds > 0 ? "ahead of" : "behind";
  return (
    `It is ${formatSeconds(Math.abs(offsetSeconds))} ${side} the server's. Recordings carry the ` +
    "server's time; the time that the camera writes into its picture is off by this much. " +
    "Let the device set its clock by NTP."
  );
}
