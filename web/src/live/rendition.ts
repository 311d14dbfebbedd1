/** Which of a camera's streams a tile shows. */

import type { Rendition } from "../player";

export interface Showing {
  hasSub: boolean;
  /** What the viewer chose. */
  wish: "auto" | Rendition;
  /** Enlarged or on the full screen. */
  isLarge: boolean;
  /** Width of the picture in device pixels; 0 while it is not known. */
  widthPx: number;
  /** What it shows now; null before it begins. */
  current: Rendition | null;
}

/** Small streams are 640 to 704 pixels wide as a rule; up to here they look good enough. */
const SUB_UP_TO_PX = 960;
/** Narrower than this goes back to the small stream: a tile at the limit must not swing. */
const SUB_AGAIN_PX = 800;

export function renditionFor({ hasSub, wish, isLarge, widthPx, current }: Showing): Rendition {
  if (!hasSub) return "main";
  if (wish !== "auto") return wish;
  if (isLarge) return "main";
  return widthPx > (current === "main" ? SUB_AGAIN_PX : SUB_UP_TO_PX) ? "main" : "sub";
}
