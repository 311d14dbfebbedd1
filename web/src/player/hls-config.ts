/** How hls.js is to load. */

import type { HlsConfig, LoaderConfig, RetryConfig } from "hls.js";

/** Access has ended: the server is asked why, and the session is prolonged. */
export const NEW_ACCESS = new Set([401, 403]);
/** What the address meant is gone: the master playlist leads to what is now. */
export const NEW_MASTER = new Set([404, 410]);

/** Keep trying: a camera may be away for long. What a retry cannot mend is left to us. */
const RETRY: RetryConfig = {
  maxNumRetry: 1000,
  retryDelayMs: 500,
  maxRetryDelayMs: 4000,
  shouldRetry: (retry, count, _isTimeout, response) => {
    const code = response?.code ?? 0;
    const isPointless = NEW_ACCESS.has(code) || NEW_MASTER.has(code);
    return count < (retry?.maxNumRetry ?? 0) && !isPointless;
  },
};
const TIMEOUT_RETRY: RetryConfig = { maxNumRetry: 1000, retryDelayMs: 100, maxRetryDelayMs: 1000 };

function policy(firstByteMs: number, retries: number): { default: LoaderConfig } {
  return {
    default: {
      maxTimeToFirstByteMs: firstByteMs,
      maxLoadTimeMs: firstByteMs + 10_000,
      timeoutRetry: { ...TIMEOUT_RETRY, maxNumRetry: retries },
      errorRetry: { ...RETRY, maxNumRetry: retries },
    },
  };
}

/** `liveSyncDuration` is left alone: the playlist's PART-HOLD-BACK says how close is right. */
export const HLS_CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  enableWorker: false, // fMP4 is passed through: nothing to compute
  backBufferLength: 10,
  maxBufferLength: 20,
  maxLiveSyncPlaybackRate: 1, // it catches up only with more than 1 s ahead; see `Pacer`
  liveSyncOnStallIncrease: 0,
  manifestLoadPolicy: policy(15_000, 0), // the server holds the master for a first picture
  playlistLoadPolicy: policy(15_000, 1000),
  fragLoadPolicy: policy(10_000, 4),
};
