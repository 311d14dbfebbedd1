import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, call } from "../api/client";
import { ApiError } from "../api/errors";
import { Button, Dialog, DialogButtons, Form, FormError, toast } from "../ui";
import { LoginFields } from "./login-fields";
import { refetch } from "./mutations";

interface Props {
  deviceId: string;
  isOpen: boolean;
  onClose(): void;
}

/** Another login for a device and all its cameras. */
export function DeviceLoginDialog({ deviceId, isOpen, onClose }: Props) {
  return (
    <Dialog title="Login of the device" isOpen={isOpen} onClose={onClose} isModal>
      <LoginForm deviceId={deviceId} onClose={onClose} />
    </Dialog>
  );
}

function LoginForm({ deviceId, onClose }: { deviceId: string; onClose(): void }) {
  const client = useQueryClient();
  const [login, setLogin] = useState({ username: "", password: "" });
  const change = useMutation({
    mutationFn: () =>
      call(
        api.PATCH("/api/v1/devices/{device_id}", {
          params: { path: { device_id: deviceId } },
          body: { credentials: login },
        }),
      ),
    onSuccess: () => {
      toast("The login has been changed for the device and all its cameras.", "good");
      refetch(client);
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  const errors = change.error instanceof ApiError ? change.error.byField : {};
  return (
    <Form onSubmit={submit} validationErrors={errors}>
      <LoginFields login={login} onChange={setLogin} isRequired autoFocus />
      <p>
        It is used for the device and all cameras on it. It is stored encrypted and never shown.
      </p>
      <FormError error={change.error} fields={["credentials.username", "credentials.password"]} />
      <DialogButtons>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={change.isPending}>
          Change the login
        </Button>
      </DialogButtons>
    </Form>
  );
}
