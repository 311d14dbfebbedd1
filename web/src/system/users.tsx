/** Who may sign in, what they may do and see. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical, UserPlus } from "lucide-react";
import { useState } from "react";
import { messageOf } from "../api/errors";
import { useSession } from "../app/session";
import {
  Badge,
  Button,
  ErrorNote,
  IconButton,
  Menu,
  MenuItem,
  Spinner,
  Table,
  Time,
  toast,
} from "../ui";
import css from "./access.module.css";
import cards from "./cards.module.css";
import { roleLabel } from "./grants";
import { GrantsView } from "./grants-view";
import { useNames } from "./names";
import { SecretDialog } from "./secret-dialog";
import { UserDialog } from "./user-dialog";
import { DeleteUser, DisableUser, ResetPassword } from "./user-questions";
import { changeUser, type User, usersQuery } from "./users-api";

const COLUMNS = [
  { id: "name", label: "Name" },
  { id: "role", label: "Role" },
  { id: "cameras", label: "Cameras" },
  { id: "seen", label: "Last sign-in" },
  { id: "actions", label: "Actions", isLabelHidden: true },
] as const;

type Kind = "edit" | "delete" | "disable" | "reset";
type Open = { kind: "add" } | { kind: Kind; user: User } | null;

export function Users() {
  const { data, error, refetch } = useQuery(usersQuery);
  const [open, setOpen] = useState<Open>(null);
  const [secret, setSecret] = useState<{ name: string; password: string } | null>(null);
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading users" isLabelShown />;
    return (
      <ErrorNote title="Users cannot be listed" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const close = () => setOpen(null);
  return (
    <div className={css.access}>
      <div className={css.head}>
        <Button kind="primary" onPress={() => setOpen({ kind: "add" })}>
          <UserPlus size={16} aria-hidden /> Add user
        </Button>
      </div>
      <div className={cards.table}>
        <Table label="Users" columns={COLUMNS}>
          {data.map((user) => (
            <UserRow key={user.user_id} user={user} onOpen={(kind) => setOpen({ kind, user })} />
          ))}
        </Table>
      </div>
      {(open?.kind === "add" || open?.kind === "edit") && (
        <UserDialog
          user={open.kind === "edit" ? open.user : null}
          onClose={close}
          onMade={(name, password) => setSecret({ name, password })}
        />
      )}
      {open?.kind === "delete" && <DeleteUser user={open.user} onClose={close} />}
      {open?.kind === "disable" && <DisableUser user={open.user} onClose={close} />}
      {open?.kind === "reset" && (
        <ResetPassword
          user={open.user}
          onClose={close}
          onMade={(password) => setSecret({ name: open.user.name, password })}
        />
      )}
      <SecretDialog
        title="New password"
        label={`Password of ${secret?.name ?? ""}`}
        secret={secret?.password ?? null}
        onClose={() => setSecret(null)}
      />
    </div>
  );
}

function UserRow({ user, onOpen }: { user: User; onOpen(kind: Kind): void }) {
  const names = useNames();
  const client = useQueryClient();
  const isSelf = useSession().id === user.user_id;
  const isDisabled = user.disabled_at !== null;
  const enable = useMutation({
    mutationFn: () => changeUser(user.user_id, { disabled: false }),
    onSuccess: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
    onError: (problem) => toast(messageOf(problem), "bad"),
  });
  return (
    <tr>
      <th scope="row">
        {user.name} {isSelf && <Badge tone="accent">you</Badge>}{" "}
        {isDisabled && <Badge tone="bad">disabled</Badge>}
      </th>
      <td data-label="Role">{roleLabel(user.role)}</td>
      <td data-label="Cameras">
        <GrantsView grants={user} names={names} />
      </td>
      <td data-label="Last sign-in">
        {user.last_sign_in_at === null ? "never" : <Time at={user.last_sign_in_at} />}
      </td>
      <td data-cell="actions">
        <Menu
          label={`What to do with ${user.name}`}
          trigger={
            <IconButton label={`Actions for ${user.name}`}>
              <EllipsisVertical size={18} aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onAction={() => onOpen("edit")}>Change name, role and cameras…</MenuItem>
          {!isSelf && <MenuItem onAction={() => onOpen("reset")}>Make a new password…</MenuItem>}
          {isDisabled && <MenuItem onAction={() => enable.mutate()}>Enable</MenuItem>}
          {!isSelf && !isDisabled && (
            <MenuItem onAction={() => onOpen("disable")}>Disable…</MenuItem>
          )}
          {!isSelf && (
            <MenuItem isDanger onAction={() => onOpen("delete")}>
              Delete…
            </MenuItem>
          )}
        </Menu>
      </td>
    </tr>
  );
}
