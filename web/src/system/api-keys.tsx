/** Keys with which other programs ask the API. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, messageOf } from "../api/errors";
import {
  Button,
  Checkbox,
  CheckboxGroup,
  Dialog,
  DialogButtons,
  EmptyState,
  ErrorNote,
  Form,
  Spinner,
  Table,
  TextField,
  Time,
} from "../ui";
import css from "./access.module.css";
import { ConfirmDialog } from "./confirm-dialog";
import { type Grants, grantsText, NO_GRANTS, PERMISSIONS, type Permission } from "./grants";
import { GrantsFields } from "./grants-fields";
import { useNames } from "./names";
import { SecretDialog } from "./secret-dialog";
import { type ApiKey, addKey, keysQuery, revokeKey } from "./users-api";

const COLUMNS = [
  { id: "name", label: "Name" },
  { id: "key", label: "Begins with" },
  { id: "may", label: "May" },
  { id: "cameras", label: "May see" },
  { id: "made", label: "Made" },
  { id: "used", label: "Last used" },
  { id: "actions", label: "Actions", isLabelHidden: true },
] as const;

export function ApiKeys() {
  const { data, error, refetch } = useQuery(keysQuery);
  const names = useNames();
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
          <Table label="API keys" columns={COLUMNS}>
            {data.map((key) => (
              <tr key={key.prefix}>
                <th scope="row">{key.name}</th>
                <td>
                  <code>{key.prefix}…</code>
                </td>
                <td>
                  {key.permissions.length === PERMISSIONS.length
                    ? "everything"
                    : key.permissions.join(", ")}
                </td>
                <td>{grantsText(key, names.cameras, names.groups)}</td>
                <td>
                  <Time at={key.created_at} shape="day" />
                  {key.created_by === "" ? "" : ` by ${key.created_by}`}
                </td>
                <td>{key.last_used_at === null ? "never" : <Time at={key.last_used_at} />}</td>
                <td data-align="right">
                  <Button
                    kind="quiet"
                    aria-label={`Revoke ${key.name}`}
                    onPress={() => setRevoking(key)}
                  >
                    Revoke
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
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

function KeyDialog(props: { onClose(): void; onMade(name: string, key: string): void }) {
  const { onClose, onMade } = props;
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>(["cameras:read"]);
  const [grants, setGrants] = useState<Grants>({ ...NO_GRANTS, all_cameras: true });
  const save = useMutation({
    mutationFn: () =>
      addKey({
        name,
        permissions: permissions as Permission[],
        all_cameras: grants.all_cameras,
        camera_ids: [...grants.camera_ids],
        group_ids: [...grants.group_ids],
      }),
    onSuccess: async ({ key }) => {
      await client.invalidateQueries({ queryKey: keysQuery.queryKey });
      onClose();
      onMade(name, key);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const fields = save.error instanceof ApiError ? save.error.byField : {};
  return (
    <Dialog title="Make an API key" isOpen onClose={onClose} isModal>
      <Form onSubmit={submit} validationErrors={fields} validationBehavior="aria">
        <TextField
          label="Name"
          name="name"
          hint="Which program uses it."
          value={name}
          onChange={setName}
          autoComplete="off"
          isRequired
          autoFocus
        />
        <CheckboxGroup
          label="What it may do"
          name="permissions"
          value={permissions}
          onChange={setPermissions}
        >
          {PERMISSIONS.map(({ id, label }) => (
            <Checkbox key={id} value={id}>
              {label}
            </Checkbox>
          ))}
        </CheckboxGroup>
        <GrantsFields value={grants} onChange={setGrants} />
        {save.error !== null && !("name" in fields || "permissions" in fields) && (
          <ErrorNote text={messageOf(save.error)} />
        )}
        <DialogButtons>
          <Button onPress={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            isPending={save.isPending}
            isDisabled={permissions.length === 0}
          >
            Make the key
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
