/** Keys. What is typed into a field is left alone, and so are keys with Ctrl, Alt or Meta. */

import { h } from "./dom";

export type Shortcuts = Record<string, { does: string; run(): void }>;

const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

/** Listens until the signal ends it. */
export function listenForKeys(shortcuts: Shortcuts, signal: AbortSignal): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
      const shortcut = shortcuts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (shortcut === undefined) return;
      event.preventDefault();
      shortcut.run();
    },
    { signal },
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** A dialog that lists the keys. */
export function helpDialog(shortcuts: Shortcuts): HTMLDialogElement {
  const rows = Object.entries(shortcuts).flatMap(([key, { does }]) => [
    h("dt", {}, h("kbd", {}, NAMES[key] ?? key)),
    h("dd", {}, does),
  ]);
  const close = h("button", { type: "submit" }, "Close");
  const form = h("form", { method: "dialog" }, close);
  const dialog = h(
    "dialog",
    { className: "help" },
    h("h2", {}, "Keys"),
    h("dl", {}, ...rows),
    form,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
