/** A dialog above the page. The caller shows it while `isOpen`; Escape and the cross close it. */

import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { classes, IconButton } from "./button";
import css from "./overlay.module.css";

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose(): void;
  /** Room for a table. */
  isWide?: boolean;
  /** Something is lost when it closes by a click beside it. */
  isModal?: boolean;
  /** `alertdialog`: asks before something that cannot be taken back. */
  role?: "dialog" | "alertdialog";
  children: ReactNode;
}

export function Dialog(props: DialogProps) {
  const { title, isOpen, onClose, isWide = false, isModal = false, role = "dialog" } = props;
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={!isModal}
      className={css.scrim ?? ""}
    >
      <Modal className={classes(css.modal, isWide && css.wide)}>
        <AriaDialog role={role} className={css.dialog ?? ""}>
          <div className={css.head}>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <IconButton label="Close" onPress={onClose}>
              <X size={18} aria-hidden />
            </IconButton>
          </div>
          <div className={css.body}>{props.children}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The row of buttons at the end of a dialog. */
export function DialogButtons({ children }: { children: ReactNode }) {
  return <div className={css.foot}>{children}</div>;
}
