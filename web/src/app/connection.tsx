/** The stream of events, once for all pages, and a notice while it is away. */

import { useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { EventStream } from "../api/event-stream";
import {
  type Connection,
  EventCache,
  type EventName,
  onServerEvent,
  refetchAll,
} from "../api/events";
import { sessionQuery } from "./session-api";
import css from "./shell.module.css";

/** Keeps the cache level with the server; called once, by the shell. */
export function useServerEvents(): Connection {
  const client = useQueryClient();
  const [state, setState] = useState<Connection>("connecting");
  useEffect(() => {
    let isFirst = true;
    const cache = new EventCache(client);
    const stream = new EventStream({
      onEvent: (name, text) => cache.take(name, text),
      onOpen: () => {
        if (!isFirst) void refetchAll(client);
        isFirst = false;
      },
      onState: setState,
      // asks who is signed in, which renews the session or leads to the sign-in page
      beforeRetry: () => client.refetchQueries({ queryKey: sessionQuery.queryKey }),
    });
    const onVisibility = () => stream.setVisible(!document.hidden);
    const onOnline = () => stream.retryNow();
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", onOnline);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", onOnline);
      stream.close();
      cache.close();
    };
  }, [client]);
  return state;
}

/** Calls back with each event of a name while the component is shown. */
export function useServerEvent(name: EventName, listener: (data: unknown) => void): void {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => onServerEvent(name, (data) => latest.current(data)), [name]);
}

export function ConnectionNote({ state }: { state: Connection }) {
  return (
    <div role="status" className={css.lost}>
      {state === "lost" && (
        <>
          <WifiOff size={16} aria-hidden />
          Connection lost; trying again. What is shown may be out of date.
        </>
      )}
    </div>
  );
}
