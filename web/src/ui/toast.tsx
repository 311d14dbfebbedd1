/** Short notices that go by themselves; read aloud. What must be acted on stands on the page. */

import { X } from "lucide-react";
import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { IconButton } from "./button";
import css from "./overlay.module.css";

interface Notice {
  text: string;
  tone: "plain" | "good" | "bad";
}

const SHOWN_MS = 6_000;
const queue = new ToastQueue<Notice>({ maxVisibleToasts: 3 });

export function toast(text: string, tone: Notice["tone"] = "plain"): void {
  queue.add({ text, tone }, { timeout: SHOWN_MS });
}

export function Toasts() {
  return (
    <ToastRegion queue={queue} className={css.toasts ?? ""}>
      {({ toast: each }) => (
        <Toast toast={each} className={css.toast ?? ""} data-tone={each.content.tone}>
          <ToastContent className={css.toastText ?? ""}>
            <Text slot="title">{each.content.text}</Text>
          </ToastContent>
          <IconButton label="Close" slot="close">
            <X size={16} aria-hidden />
          </IconButton>
        </Toast>
      )}
    </ToastRegion>
  );
}
