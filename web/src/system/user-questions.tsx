/** What is asked before something is done to a user. */

import { ConfirmDialog } from "./confirm-dialog";
import { changeUser, deleteUser, newPassword, type User, usersQuery } from "./users-api";

export function DeleteUser({ user, onClose }: { user: User; onClose(): void }) {
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

export function DisableUser({ user, onClose }: { user: User; onClose(): void }) {
  return (
    <ConfirmDialog
      title={`Disable ${user.name}?`}
      action="Disable"
      changed={usersQuery.queryKey}
      run={() => changeUser(user.user_id, { disabled: true })}
      onClose={onClose}
    >
      <p>
        All their sessions end, and they cannot sign in until they are enabled again. Rights and
        layouts stay.
      </p>
    </ConfirmDialog>
  );
}

export function ResetPassword(props: {
  user: User;
  onClose(): void;
  onMade(password: string): void;
}) {
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
