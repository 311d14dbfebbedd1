/** Keys with which other programs ask the API. */

import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, Spinner, Table, Time } from "../ui";
import css from "./access.module.css";
import cards from "./cards.module.css";
import { ConfirmDialog } from "./confirm-dialog";
import { GrantsView, PermissionsView } from "./grants-view";
import { KeyDialog } from "./key-dialog";
import { useNames } from "./names";
import { SecretDialog } from "./secret-dialog";
import { type ApiKey, keysQuery, revokeKey } from "./users-api";

const COLUMNS = [
  { id: "name", label: "Name" },
  { id: "key", label: "Begins with" },
  { id: "may", label: "May" },
  { id: "cameras", label: "Cameras" },
  { id: "made", label: "Made" },
  { id: "used", label: "Last used" },
  { id: "actions", label: "Actions", isLabelHidden: true },
] as const;

export function ApiKeys() {
  const { data, error, refetch } = useQuery(keysQuery);
  const [isAdding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [secret, setSecret] = useState<{ name: string; key: string } | null>(null);
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading API keys" isLabelShown />;
    return (
      <ErrorNote title="API keys cannot be listed" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const add = (
    <Button kind="primary" onPress={() => setAdding(true)}>
      <KeyRound size={16} aria-hidden /> Make a key
    </Button>
  );
  return (
    <div className={css.access}>
      {data.length === 0 ? (
        <EmptyState
          icon={KeyRound}
          title="No API keys"
          text="A key lets another program use the API, with no more rights than it needs."
        >
          {add}
        </EmptyState>
      ) : (
        <>
          <div className={css.head}>{add}</div>
          <div className={cards.table}>
            <Table label="API keys" columns={COLUMNS}>
              {data.map((key) => (
                <KeyRow key={key.prefix} apiKey={key} onRevoke={() => setRevoking(key)} />
              ))}
            </Table>
          </div>
        </>
      )}
      {isAdding && (
        <KeyDialog
          onClose={() => setAdding(false)}
          onMade={(name, key) => setSecret({ name, key })}
        />
      )}
      {revoking !== null && (
        <ConfirmDialog
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          changed={keysQuery.queryKey}
          run={() => revokeKey(revoking.prefix)}
          onClose={() => setRevoking(null)}
        >
          <p>Programs that use it are refused within seconds.</p>
        </ConfirmDialog>
      )}
      <SecretDialog
        title="New API key"
        label={`Key ${secret?.name ?? ""}`}
        secret={secret?.key ?? null}
        onClose={() => setSecret(null)}
      />
    </div>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke(): void }) {
  const names = useNames();
  return (
    <tr>
      <th scope="row">{apiKey.name}</th>
      <td data-label="Begins with">
        <code>{apiKey.prefix}…</code>
      </td>
      <td data-label="May">
        <PermissionsView permissions={apiKey.permissions} />
      </td>
      <td data-label="Cameras">
        <GrantsView grants={apiKey} names={names} />
      </td>
      <td data-label="Made">
        <span>
          <Time at={apiKey.created_at} shape="day" />
          {apiKey.created_by === "" ? "" : ` by ${apiKey.created_by}`}
        </span>
      </td>
      <td data-label="Last used">
        {apiKey.last_used_at === null ? "never" : <Time at={apiKey.last_used_at} />}
      </td>
      <td data-cell="actions">
        <Button kind="quiet" aria-label={`Revoke ${apiKey.name}`} onPress={onRevoke}>
          Revoke…
        </Button>
      </td>
    </tr>
  );
}
