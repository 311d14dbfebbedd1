/** Who is signed in, for every page; without anybody the sign-in page is shown. */

import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { Navigate, useLocation } from "react-router";
import { onSessionEnded } from "../api/client";
import { messageOf } from "../api/errors";
import { renewIfDue } from "../api/refresh";
import { Button, ErrorNote, Spinner } from "../ui";
import css from "./session.module.css";
import { type Me, type Permission, sessionQuery } from "./session-api";

const CHECK_MS = 60_000;

const SessionContext = createContext<Me | null>(null);

/** Who is signed in; for what lies inside of RequireSession. */
export function useSession(): Me {
  const me = useContext(SessionContext);
  if (me === null) throw new Error("useSession outside of RequireSession");
  return me;
}

/** Whether the one who is signed in has a permission. */
export function useMay(permission: Permission): boolean {
  return useSession().permissions.includes(permission);
}

/** Whether devices, groups and further cameras are theirs to manage: it takes all cameras, too. */
export function useMayManage(): boolean {
  const { permissions, all_cameras } = useSession();
  return all_cameras && permissions.includes("cameras:write");
}

/** For tests and for RequireSession. */
export function SessionProvider({ me, children }: { me: Me; children: ReactNode }) {
  return <SessionContext value={me}>{children}</SessionContext>;
}

/** Shows its children to those who are signed in, and leads all others to the sign-in page. */
export function RequireSession({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { data: me, error, isPending, refetch } = useQuery(sessionQuery);
  const location = useLocation();
  useEffect(() => onSessionEnded(() => forgetSession(client)), [client]);
  useEffect(keepSession, []);
  if (isPending) return <Spinner label="Loading" className={css.whole} />;
  if (error !== null && !me) {
    return (
      <main className={css.whole}>
        <ErrorNote title="Everframe cannot be reached" text={messageOf(error)}>
          <Button onPress={() => void refetch()}>Try again</Button>
        </ErrorNote>
      </main>
    );
  }
  if (!me) {
    const next = `${location.pathname}${location.search}`;
    const query = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
    return <Navigate to={`/sign-in${query}`} replace />;
  }
  return (
    <SessionProvider key={me.id} me={me}>
      {children}
    </SessionProvider>
  );
}

/** Forgets everything that the last session showed. */
export function forgetSession(client: QueryClient): void {
  client.removeQueries({ predicate: isOfSession });
  client.setQueryData(sessionQuery.queryKey, null);
}

/** A channel does not hear what was said through itself, so one serves both directions. */
const otherTabs = new BroadcastChannel("everframe.session");

/** Tells the other tabs that somebody signed in or out here. */
export function announceSession(): void {
  otherTabs.postMessage("changed");
}

/** Takes over what another tab did; it may be somebody else who is signed in now. */
export function followOtherTabs(client: QueryClient): () => void {
  otherTabs.onmessage = async () => {
    await client.refetchQueries({ queryKey: sessionQuery.queryKey });
    await client.resetQueries({ predicate: isOfSession });
  };
  return () => {
    otherTabs.onmessage = null;
  };
}

const isOfSession = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== "session";

/** Pictures and events carry the cookie only, so it is renewed before it ends. */
function keepSession(): () => void {
  const check = () => void renewIfDue();
  const timer = setInterval(check, CHECK_MS);
  document.addEventListener("visibilitychange", check);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", check);
  };
}
