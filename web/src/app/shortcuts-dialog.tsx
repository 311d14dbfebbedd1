import { Fragment, useState } from "react";
import { Dialog } from "../ui";
import { type Shortcut, useShortcutGroups, useShortcuts } from "./shortcuts";
import css from "./shortcuts-dialog.module.css";

/** The list of shortcuts behind `?`: those of the page that is shown, then those of all. */
export function ShortcutsDialog() {
  const [isOpen, setOpen] = useState(false);
  const groups = useShortcutGroups();
  useShortcuts("Help", [{ keys: "?", label: "Show this list", run: () => setOpen(true) }]);
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={() => setOpen(false)}>
      {[...groups].reverse().map(({ name, shortcuts }) =>
        shortcuts.length === 0 ? null : (
          <section key={name} className={css.group}>
            <h3>{name}</h3>
            <dl className={css.list}>
              {shortcuts.map((shortcut) => (
                <Fragment key={shortcut.keys}>
                  <dt>
                    <Keys shortcut={shortcut} />
                  </dt>
                  <dd>{shortcut.label}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ),
      )}
    </Dialog>
  );
}

const WORDS: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

function Keys({ shortcut }: { shortcut: Shortcut }) {
  return shortcut.keys.split(" ").map((press, index) => (
    <Fragment key={press}>
      {index > 0 && " then "}
      {press === "+" ? (
        <kbd>+</kbd>
      ) : (
        press.split("+").map((key) => <kbd key={key}>{WORDS[key] ?? key}</kbd>)
      )}
    </Fragment>
  ));
}
