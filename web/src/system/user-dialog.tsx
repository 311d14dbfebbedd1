/** Adds a user, or changes one's role and cameras. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/errors";
import { sessionQuery } from "../app/session-api";
import { Button, Dialog, DialogButtons, Form, FormError, RadioGroup, TextField } from "../ui";
import { type Grants, NO_GRANTS, ROLES, type Role } from "./grants";
import { GrantsFields } from "./grants-fields";
import { addUser, changeUser, type User, usersQuery } from "./users-api";

export interface UserDialogProps {
  /** null: a new one. */
  user: User | null;
  onClose(): void;
  onMade(name: string, password: string): void;
}

export function UserDialog({ user, onClose, onMade }: UserDialogProps) {
  const client = useQueryClient();
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState<Role>(user?.role ?? "viewer");
  const [grants, setGrants] = useState<Grants>(user ?? NO_GRANTS);
  const save = useMutation({
    gcTime: 0, // the answer holds what is shown once
    mutationFn: async () => {
      const rights = { role, ...granted(role, grants) };
      if (user !== null) {
        await changeUser(user.user_id, { name, ...rights });
        return null;
      }
      return (await addUser({ name, ...rights })).password;
    },
    onSuccess: async (password) => {
      const changed = [usersQuery.queryKey, sessionQuery.queryKey]; // it may be oneself
      await Promise.all(changed.map((queryKey) => client.invalidateQueries({ queryKey })));
      onClose();
      if (password) onMade(name, password);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const fields = save.error instanceof ApiError ? save.error.byField : {};
  return (
    <Dialog
      title={user === null ? "Add user" : `Change ${user.name}`}
      isOpen
      onClose={onClose}
      isModal
    >
      <Form onSubmit={submit} validationErrors={fields} validationBehavior="aria">
        <TextField
          label="Name"
          name="name"
          hint="What is typed to sign in; case does not matter."
          value={name}
          onChange={setName}
          autoComplete="off"
          isRequired
          autoFocus
        />
        <RadioGroup
          label="Role"
          name="role"
          options={ROLES.map(({ id, label, text }) => ({
            id,
            label: (
              <span>
                <strong>{label}</strong> {text}
              </span>
            ),
          }))}
          value={role}
          onChange={(chosen) => setRole(chosen as Role)}
        />
        <GrantsFields value={grants} isFixed={role === "admin"} onChange={setGrants} />
        {user === null && <p>A password is made and shown once.</p>}
        <FormError error={save.error} fields={["name", "role"]} />
        <DialogButtons>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isPending={save.isPending}>
            {user === null ? "Add user" : "Save"}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

const granted = (role: Role, { all_cameras, camera_ids, group_ids }: Grants) => ({
  all_cameras: role === "admin" || all_cameras,
  camera_ids: [...camera_ids],
  group_ids: [...group_ids],
});
