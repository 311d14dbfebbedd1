/** What the timeline's colours and patterns mean. */

import css from "./playback.module.css";

const LAYERS = [
  ["recorded", "Recorded"],
  ["gap", "Missing"],
  ["stored", "On the device, not fetched"],
  ["pending", "Being recorded"],
] as const;

export function Legend() {
  return (
    <ul className={css.legend} aria-label="What the timeline shows">
      {LAYERS.map(([kind, text]) => (
        <li key={kind}>
          <span className={css.swatch} data-kind={kind} aria-hidden />
          {text}
        </li>
      ))}
    </ul>
  );
}
