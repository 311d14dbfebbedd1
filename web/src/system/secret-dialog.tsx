/** Shows a password or key the one time that it can be seen. */

import { Copy } from "lucide-react";
import { Button, Dialog, DialogButtons, TextField, toast } from "../ui";
import css from "./access.module.css";

export interface SecretDialogProps {
  title: string;
  /** What it is: `Password of carol`. */
  label: string;
  /** null: nothing is shown. */
  secret: string | null;
  onClose(): void;
}

export function SecretDialog({ title, label, secret, onClose }: SecretDialogProps) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret ?? "");
      toast("Copied.", "good");
    } catch {
      toast("The browser does not allow copying; select the text and copy it by hand.", "bad");
    }
  };
  return (
    <Dialog title={title} isOpen={secret !== null} onClose={onClose} isModal>
      <p>Write it down or hand it over now: it is not shown again.</p>
      <TextField label={label} value={secret ?? ""} isReadOnly className={css.secret ?? ""} />
      <DialogButtons>
        <Button onPress={() => void copy()} autoFocus>
          <Copy size={16} aria-hidden /> Copy
        </Button>
        <Button kind="primary" onPress={onClose}>
          Done
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
