/** How much of something is used, as a bar with the figures beside it. */

import { Meter } from "react-aria-components";
import { formatBytes } from "../ui";
import { levelOfUse, shareOf } from "./figures";
import css from "./overview.module.css";

export interface UsageBarProps {
  label: string;
  /** Bytes. */
  used: number;
  limit: number;
}

export function UsageBar({ label, used, limit }: UsageBarProps) {
  const text = `${formatBytes(used)} of ${formatBytes(limit)} (${shareOf(used, limit)})`;
  return (
    <Meter
      aria-label={label}
      value={used}
      maxValue={limit}
      valueLabel={text}
      className={css.usage ?? ""}
    >
      {({ percentage }) => (
        <>
          <span>
            <span className={css.dim}>{label}</span> {text}
          </span>
          <Bar percent={percentage} level={levelOfUse(used, limit)} />
        </>
      )}
    </Meter>
  );
}

/** Only drawn: the figure stands beside it. */
export function Bar({ percent, level = "good" }: { percent: number; level?: string }) {
  return (
    <span className={css.bar} data-level={level} aria-hidden>
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
