/** What both views are given. */

import type { Camera } from "../api";
import type { LinkSource, ServerClock } from "../player";
import type { Params } from "./params";

export interface ViewContext {
  params: Params;
  cameras: Camera[];
  links: LinkSource;
  clock: ServerClock;
  /** Goes to another view, or keeps this one and remembers what it shows. */
  go(params: Params, options: { rebuild: boolean }): void;
  forgetKey(): void;
}

export interface View {
  readonly element: HTMLElement;
  /** The list of cameras was read anew. */
  onCameras(cameras: Camera[]): void;
  close(): void;
}
