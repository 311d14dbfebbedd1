import { useState } from "react";
import { messageOf } from "../api/errors";
import { Button, ErrorNote, Progress, toast } from "../ui";
import css from "./scan.module.css";
import type { Summary } from "./scan-state";
import { failureText } from "./specs";

/** How far a scan is, and what it could not do. */
export function ScanProgress({ summary, onStop }: { summary: Summary; onStop(): Promise<void> }) {
  const [isStopping, setStopping] = useState(false);
  const isRunning = summary.state === "running";
  const stop = async () => {
    setStopping(true);
    await onStop().catch((error: unknown) => toast(messageOf(error), "bad"));
    setStopping(false);
  };
  return (
    <div className={css.progress}>
      <div className={css.progressLine}>
        <span role="status">{progressText(summary)}</span>
        {isRunning && (
          <Button isPending={isStopping} onPress={() => void stop()}>
            Stop
          </Button>
        )}
      </div>
      {isRunning && <Progress label="The scan" value={summary.checked} max={summary.total} />}
      {summary.failure !== null && <ErrorNote text={failureText(summary.failure)} />}
      {summary.notes.length > 0 && (
        <ul className={css.notes}>
          {summary.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function progressText({ state, checked, total, found }: Summary): string {
  const devices = found === 1 ? "1 device found" : `${found} devices found`;
  if (state === "running") {
    return total === 0
      ? `Asking the network; ${devices}`
      : `${checked} of ${total} places tried; ${devices}`;
  }
  const ends = { finished: "Finished", cancelled: "Stopped", failed: "Failed" };
  return `${ends[state]}: ${devices}`;
}
