/** Which stream a tile shows, by its size on the screen. */

import { useEffect, useState } from "react";
import type { Rendition } from "../player";
import { renditionFor } from "./rendition";

/** A tile that is being resized does not change its stream at every step. */
const SETTLE_MS = 400;

interface Choosing {
  hasSub: boolean;
  wish: "auto" | Rendition;
  isLarge: boolean;
}

/** Null until the tile's size is known. */
export function useRendition(element: Element | null, choosing: Choosing): Rendition | null {
  const { hasSub, wish, isLarge } = choosing;
  const [rendition, setRendition] = useState<Rendition | null>(null);
  useEffect(() => {
    if (element === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const decide = () => {
      const widthPx = pictureWidth(element) * devicePixelRatio;
      setRendition((current) => renditionFor({ hasSub, wish, isLarge, widthPx, current }));
    };
    decide();
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(decide, SETTLE_MS);
    });
    observer.observe(element);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [element, hasSub, wish, isLarge]);
  return rendition;
}

/** Of a usual picture in the tile, which may be wider. */
function pictureWidth({ clientWidth, clientHeight }: Element): number {
  return Math.min(clientWidth, (clientHeight * 16) / 9);
}
