import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, messageOf } from "../api/errors";
import { Button, Dialog, DialogButtons, ErrorNote, Form, TextField, toast } from "../ui";
import { changePassword } from "./session-api";

interface Props {
  isOpen: boolean;
  onClose(): void;
}

/** Changes one's own password, which ends one's other sessions. */
export function PasswordDialog({ isOpen, onClose }: Props) {
  return (
    <Dialog title="Change password" isOpen={isOpen} onClose={onClose} isModal>
      <PasswordForm onClose={onClose} />
    </Dialog>
  );
}

function PasswordForm({ onClose }: { onClose(): void }) {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () => changePassword(current, fresh),
    onSuccess: () => {
      toast("The password has been changed; your other sessions have ended.", "good");
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (fresh === again) change.mutate();
  };
  const errors = change.error instanceof ApiError ? change.error.byField : {};
  const isKnown = "current" in errors || "new" in errors;
  const unequal = again !== "" && again !== fresh ? "This is not the same as above." : null;
  return (
    <Form
      onSubmit={submit}
      validationErrors={{ ...errors, ...(unequal ? { again: unequal } : {}) }}
      validationBehavior="aria"
    >
      <TextField
        label="Current password"
        name="current"
        type="password"
        autoComplete="current-password"
        value={current}
        onChange={setCurrent}
        isRequired
        autoFocus
      />
      <TextField
        label="New password"
        name="new"
        type="password"
        autoComplete="new-password"
        value={fresh}
        onChange={setFresh}
        isRequired
      />
      <TextField
        label="New password again"
        name="again"
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        isRequired
      />
      <p>You stay signed in here. All your other sessions end.</p>
      {change.error !== null && !isKnown && <ErrorNote text={messageOf(change.error)} />}
      <DialogButtons>
        <Button onPress={onClose}>Cancel</Button>
        <Button
          kind="primary"
          type="submit"
          isPending={change.isPending}
          isDisabled={current === "" || fresh === "" || fresh !== again}
        >
          Change password
        </Button>
      </DialogButtons>
    </Form>
  );
}
