/** Asks before something that cannot be taken back, does it, and says what went wrong. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { messageOf } from "../api/errors";
import { Button, Dialog, DialogButtons, ErrorNote } from "../ui";

export interface ConfirmDialogProps {
  title: string;
  /** On the button. */
  action: string;
  /** Query that is asked anew afterwards. */
  changed: readonly unknown[];
  run(): Promise<unknown>;
  onClose(): void;
  /** What will happen. */
  children: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, action, changed, run, onClose, children } = props;
  const client = useQueryClient();
  const doing = useMutation({
    mutationFn: run,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: changed });
      onClose();
    },
  });
  return (
    <Dialog title={title} isOpen onClose={onClose} isModal role="alertdialog">
      {children}
      {doing.error !== null && <ErrorNote text={messageOf(doing.error)} />}
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          Cancel
        </Button>
        <Button kind="danger" isPending={doing.isPending} onPress={() => doing.mutate()}>
          {action}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
