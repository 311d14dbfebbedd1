import type { ReactNode } from "react";
import css from "./camera-page.module.css";

export interface Fact {
  label: string;
  /** Null leaves the fact out. */
  value: ReactNode | null;
}

/** Names and values below each other. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={css.facts}>
      {facts
        .filter(({ value }) => value !== null)
        .map(({ label, value }) => (
          <Pair key={label} label={label} value={value} />
        ))}
    </dl>
  );
}

function Pair({ label, value }: Fact) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}
