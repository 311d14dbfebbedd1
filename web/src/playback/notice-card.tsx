/** Tells over the pictures what was skipped, what is waited for, and where footage ends. */

import { Button, formatSeconds, formatTime } from "../ui";
import css from "./playback.module.css";
import type { PlaybackSession } from "./session";
import type { Notice } from "./skip-teller";
import type { Snapshot } from "./snapshot";

export interface NoticeCardProps {
  session: PlaybackSession;
  snapshot: Snapshot;
  onLive(): void;
  onLast(): void;
}

export function NoticeCard(props: NoticeCardProps) {
  return (
    <div className={css.notices} role="status">
      <Content {...props} />
    </div>
  );
}

function Content({ session, snapshot, onLive, onLast }: NoticeCardProps) {
  const { notice, state, error } = snapshot;
  if (error !== null) {
    return (
      <div className={css.notice} data-tone="bad">
        <p>The footage cannot be asked for. {error}</p>
        <Button onPress={() => session.retry()}>Try again</Button>
      </div>
    );
  }
  if (notice !== null) return <Skipped notice={notice} />;
  if (state === "waiting") {
    return (
      <div className={css.notice}>
        <p>This is still being recorded. It plays on by itself in about a minute.</p>
        <Button onPress={onLive}>Watch live</Button>
      </div>
    );
  }
  if (state === "ended") {
    return (
      <div className={css.notice}>
        <p>Nothing is recorded after this moment.</p>
        <Button onPress={onLast}>Go to the last footage</Button>
      </div>
    );
  }
  return null;
}

function Skipped({ notice: { startMs, endMs, reasons } }: { notice: Notice }) {
  const day = (ms: number) => formatTime(new Date(ms), "day");
  const shape = day(startMs) === day(endMs) ? "clock" : "second";
  const [from, to] = [startMs, endMs].map((ms) => formatTime(new Date(ms), shape));
  return (
    <div className={css.notice} data-testid="skip-notice">
      <p>
        <strong>
          No recording {from} – {to}
        </strong>{" "}
        ({formatSeconds((endMs - startMs) / 1000)}): {reasons.join("; ")}. Playing on at {to}.
      </p>
    </div>
  );
}
