/** The address as state: what is chosen can be kept as a bookmark, and Back goes back. */

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { type Address, readAddress, writeAddress } from "./address";

export type ChangeAddress = (change: Partial<Address>) => void;

export function useAddress(): [Address, ChangeAddress] {
  const [query, setQuery] = useSearchParams();
  const address = useMemo(() => readAddress(query), [query]);
  const change = useCallback<ChangeAddress>(
    (by) =>
      setQuery((now) => writeAddress({ ...readAddress(now), ...by }), {
        replace: by.view === undefined, // how it is played is no place to go back to
      }),
    [setQuery],
  );
  return [address, change];
}
