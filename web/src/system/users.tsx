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
import { ConfirmDialog } from "./confirm-dialog";
import { grantsText, roleLabel } from "./grants";
import { useNames } from "./names";
import { SecretDialog } from "./secret-dialog";
import { UserDialog } from "./user-dialog";
import { changeUser, deleteUser, newPassword, type User, usersQuery } from "./users-api";

const COLUMNS = [
  { id: "name", label: "Name" },
  { id: "role", label: "Role" },
  { id: "cameras", label: "May see" },
  { id: "seen", label: "Last sign-in" },
  { id: "actions", label: "Actions", isLabelHidden: true },
] as const;

type Open = { kind: "add" } | { kind: "edit" | "delete" | "reset"; user: User } | null;

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
      <Table label="Users" columns={COLUMNS}>
        {data.map((user) => (
          <UserRow key={user.user_id} user={user} onOpen={(kind) => setOpen({ kind, user })} />
        ))}
      </Table>
      {(open?.kind === "add" || open?.kind === "edit") && (
        <UserDialog
          user={open.kind === "edit" ? open.user : null}
          onClose={close}
          onMade={(name, password) => setSecret({ name, password })}
        />
      )}
      {open?.kind === "delete" && <DeleteUser user={open.user} onClose={close} />}
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

function UserRow(props: { user: User; onOpen(kind: "edit" | "delete" | "reset"): void }) {
  const { user, onOpen } = props;
  const names = useNames();
  const client = useQueryClient();
  const isSelf = useSession().id === user.user_id;
  const isDisabled = user.disabled_at !== null;
  const toggle = useMutation({
    mutationFn: () => changeUser(user.user_id, { disabled: !isDisabled }),
    onSuccess: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
    onError: (problem) => toast(messageOf(problem), "bad"),
  });
  return (
    <tr>
      <th scope="row">
        {user.name} {isSelf && <Badge tone="accent">you</Badge>}{" "}
        {isDisabled && <Badge tone="bad">disabled</Badge>}
      </th>
      <td>{roleLabel(user.role)}</td>
      <td>{grantsText(user, names.cameras, names.groups)}</td>
      <td>{user.last_sign_in_at === null ? "never" : <Time at={user.last_sign_in_at} />}</td>
      <td data-align="right">
        <Menu
          label={`What to do with ${user.name}`}
          trigger={
            <IconButton label={`Actions for ${user.name}`}>
              <EllipsisVertical size={18} aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onAction={() => onOpen("edit")}>Change role and cameras</MenuItem>
          <MenuItem onAction={() => onOpen("reset")}>New password</MenuItem>
          {!isSelf && (
            <MenuItem onAction={() => toggle.mutate()}>
              {isDisabled ? "Enable" : "Disable"}
            </MenuItem>
          )}
          {!isSelf && <MenuItem onAction={() => onOpen("delete")}>Delete</MenuItem>}
        </Menu>
      </td>
    </tr>
  );
}

function DeleteUser({ user, onClose }: { user: User; onClose(): void }) {
  return (
    <ConfirmDialog
      title={`Delete ${user.name}?`}
      action="Delete"
      changed={usersQuery.queryKey}
      run={() => deleteUser(user.user_id)}
      onClose={onClose}
    >
      <p>
        Their sessions end at once and their saved layouts are lost. What they did stays in the
        audit log.
      </p>
    </ConfirmDialog>
  );
}

function ResetPassword(props: { user: User; onClose(): void; onMade(password: string): void }) {
  const { user, onClose, onMade } = props;
  return (
    <ConfirmDialog
      title={`Make a new password for ${user.name}?`}
      action="Make a new password"
      changed={usersQuery.queryKey}
      run={async () => onMade((await newPassword(user.user_id)).password)}
      onClose={onClose}
    >
      <p>The old one does not work any more, and all their sessions end.</p>
    </ConfirmDialog>
  );
}
