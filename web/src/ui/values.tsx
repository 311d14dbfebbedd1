/** Times, lengths and sizes in text. */

import { formatBytes, formatSeconds, formatTime, type TimeShape } from "./format";

/** A moment in the viewer's zone; the exact one with its zone stands in the title. */
export function Time({
  at,
  shape = "minute",
}: {
  at: string | null | undefined;
  shape?: TimeShape;
}) {
  if (at === null || at === undefined) return <>–</>;
  return (
    <time dateTime={at} title={`${formatTime(new Date(at), "second")} (${at})`}>
      {formatTime(new Date(at), shape)}
    </time>
  );
}

/** A length of time. */
export function Duration({ seconds }: { seconds: number }) {
  return <>{formatSeconds(seconds)}</>;
}

/** A size; the exact one stands in the title. */
export function Bytes({ bytes }: { bytes: number }) {
  return <span title={`${bytes} bytes`}>{formatBytes(bytes)}</span>;
}
