/** Whether somebody can see an element: what nobody sees is not played. */

import { useEffect, useState } from "react";

/** What scrolls away or is hidden for a moment goes on. */
const GRACE_MS = 3_000;

/** True while the element is in the viewport of a tab that is shown, and a little longer. */
export function useVisible(element: Element | null): boolean {
  const [isVisible, setVisible] = useState(false);
  useEffect(() => {
    if (element === null) return;
    let isInside = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const decide = () => {
      clearTimeout(timer);
      if (isInside && !document.hidden && !isCovered(element)) setVisible(true);
      else timer = setTimeout(() => setVisible(false), GRACE_MS);
    };
    const observer = new IntersectionObserver((entries) => {
      isInside = entries.at(-1)?.isIntersecting ?? false;
      decide();
    });
    observer.observe(element);
    document.addEventListener("visibilitychange", decide);
    document.addEventListener("fullscreenchange", decide);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener("visibilitychange", decide);
      document.removeEventListener("fullscreenchange", decide);
    };
  }, [element]);
  return isVisible;
}

/** Whether something else has the full screen. */
function isCovered(element: Element): boolean {
  const { fullscreenElement } = document;
  return fullscreenElement !== null && fullscreenElement?.contains(element) === false;
}
