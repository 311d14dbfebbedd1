/** Loads growing playlists again when the server says that there is more, and not on a timer. */

import Hls, {
  type LoaderCallbacks,
  type LoaderConfiguration,
  type LoaderContext,
  type PlaylistLoaderConstructor,
} from "hls.js";
import type { Growth } from "./growth";

/** A loader class for hls.js; the first request goes out at once. */
export function loaderWaitingFor(growth: Growth): PlaylistLoaderConstructor {
  let isFirst = true;
  class WaitingLoader extends Hls.DefaultConfig.loader {
    private stopWaiting: (() => void) | undefined;

    override load(
      context: LoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      const begin = () => super.load(context, config, callbacks);
      if (isFirst) begin();
      else this.stopWaiting = growth.next(begin);
      isFirst = false;
    }

    override abort(): void {
      this.stopWaiting?.();
      super.abort();
    }

    override destroy(): void {
      this.stopWaiting?.();
      super.destroy();
    }
  }
  // the contexts of playlists are loader contexts with more fields; the types cannot say so
  return WaitingLoader as unknown as PlaylistLoaderConstructor;
}
