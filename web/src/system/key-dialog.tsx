/** Makes an API key: a name, what it may do, and for which cameras. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/errors";
import {
  Button,
  Checkbox,
  CheckboxGroup,
  Dialog,
  DialogButtons,
  Form,
  FormError,
  TextField,
} from "../ui";
import { type Grants, NO_GRANTS, PERMISSIONS, type Permission } from "./grants";
import { GrantsFields } from "./grants-fields";
import { addKey, keysQuery } from "./users-api";

export function KeyDialog(props: { onClose(): void; onMade(name: string, key: string): void }) {
  const { onClose, onMade } = props;
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>(["cameras:read"]);
  const [grants, setGrants] = useState<Grants>({ ...NO_GRANTS, all_cameras: true });
  const save = useMutation({
    gcTime: 0, // the answer holds what is shown once
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
        <FormError error={save.error} fields={["name", "permissions"]} />
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
