/** The whole screen for one element. */

import { useEffect, useState } from "react";

type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** Goes to the full screen and back; iPhones can show only a video so, with their own controls. */
export function toggleFullscreen(element: Element, video?: HTMLVideoElement | null): void {
  const ignore = () => undefined; // refused: the viewer sees that nothing happened
  if (document.fullscreenElement !== null && document.fullscreenElement !== undefined) {
    document.exitFullscreen().catch(ignore);
  } else if (element.requestFullscreen !== undefined) {
    element.requestFullscreen().catch(ignore);
  } else {
    (video as AppleVideo | null | undefined)?.webkitEnterFullscreen?.();
  }
}

export function useIsFullscreen(element: Element | null): boolean {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(element !== null && document.fullscreenElement === element);
    look();
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, [element]);
  return isFull;
}
