/** Browsers that are signed in: one's own, and everybody's for who may change users. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "../api/errors";
import { Badge, Button, ErrorNote, Spinner, Table, Time } from "../ui";
import css from "./access.module.css";
import { browserOf } from "./browsers";
import cards from "./cards.module.css";
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
        A session ends by itself after 30 days without use. If you do not know one, end it and
        change the password, in the menu at your name.
      </p>
      <div className={cards.table}>
        <Table label="Sessions" columns={COLUMNS}>
          {data.map((session) => (
            <SessionRow
              key={session.session_id}
              session={session}
              onEnd={() => setEnding(session)}
            />
          ))}
        </Table>
      </div>
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

function SessionRow({ session, onEnd }: { session: Session; onEnd(): void }) {
  return (
    <tr>
      <th scope="row">
        {session.user_name} {session.current && <Badge tone="accent">this browser</Badge>}
      </th>
      <td data-label="Browser" title={session.user_agent}>
        {browserOf(session.user_agent)}
      </td>
      <td data-label="Address">{session.address}</td>
      <td data-label="Signed in">
        <Time at={session.created_at} />
      </td>
      <td data-label="Last used">
        <Time at={session.last_used_at} />
      </td>
      <td data-cell="actions">
        {!session.current && (
          <Button
            kind="quiet"
            aria-label={`End the session of ${session.user_name} at ${session.address}`}
            onPress={onEnd}
          >
            End…
          </Button>
        )}
      </td>
    </tr>
  );
}
