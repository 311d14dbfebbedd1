/** Services, what they say of themselves, and what the footage occupies. */

import css from "./overview.module.css";
import { Services } from "./services";
import { Storage } from "./storage";

export function Overview() {
  return (
    <div className={css.overview}>
      <Services />
      <Storage />
    </div>
  );
}
