/** How long answers are believed, and which requests are tried again. */

import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

const RETRIES = 2;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: "always", // the server may be this machine, and say what is wrong
        staleTime: 30_000,
        retry: (count, error) => count < RETRIES && error instanceof ApiError && error.isPassing,
        retryDelay: (count, error) =>
          Math.max(
            1000 * 2 ** count,
            error instanceof ApiError ? error.retryAfterSeconds * 1000 : 0,
          ),
      },
      // not again by itself: something may have happened all the same
      mutations: { networkMode: "always", retry: false },
    },
  });
}
