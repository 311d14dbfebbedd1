/** Browsers that are signed in: one's own, and everybody's for who may change users. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "../api/errors";
import { Badge, Button, ErrorNote, Spinner, Table, Time } from "../ui";
import css from "./access.module.css";
import { ConfirmDialog } from "./confirm-dialog";
import { endSession, type Session, sessionsQuery } from "./users-api";

const COLUMNS = [
  { id: "user", label: "User" },
  { id: "browser", label: "Browser" },
  { id: "address", label: "Address" },
  { id: "began", label: "Signed in" },
  { id: "used", label: "Last used" },
  { id: "actions", label: "Actions", isLabelHidden: true },
] as const;

export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery);
  const [ending, setEnding] = useState<Session | null>(null);
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading sessions" isLabelShown />;
    return (
      <ErrorNote title="Sessions cannot be listed" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  return (
    <div className={css.access}>
      <p className={css.dim}>
        A session ends by itself after 30 days without use. End those that you do not know, and
        change the password.
      </p>
      <Table label="Sessions" columns={COLUMNS}>
        {data.map((session) => (
          <tr key={session.session_id}>
            <th scope="row">
              {session.user_name} {session.current && <Badge tone="accent">this browser</Badge>}
            </th>
            <td title={session.user_agent}>{browserOf(session.user_agent)}</td>
            <td>{session.address}</td>
            <td>
              <Time at={session.created_at} />
            </td>
            <td>
              <Time at={session.last_used_at} />
            </td>
            <td data-align="right">
              {!session.current && (
                <Button
                  kind="quiet"
                  aria-label={`End the session of ${session.user_name} at ${session.address}`}
                  onPress={() => setEnding(session)}
                >
                  End
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {ending !== null && (
        <ConfirmDialog
          title="End this session?"
          action="End the session"
          changed={sessionsQuery.queryKey}
          run={() => endSession(ending.session_id)}
          onClose={() => setEnding(null)}
        >
          <p>
            {ending.user_name} is signed out of {browserOf(ending.user_agent)} at {ending.address}{" "}
            within seconds.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS", "macOS"],
  ["Linux", "Linux"],
] as const;

/** `Firefox on Windows`, as far as the browser says so. */
export function browserOf(userAgent: string): string {
  const named = (list: readonly (readonly [string, string])[]) =>
    list.find(([mark]) => userAgent.includes(mark))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  if (browser === undefined) return userAgent.slice(0, 40) || "unknown";
  return system === undefined ? browser : `${browser} on ${system}`;
}
