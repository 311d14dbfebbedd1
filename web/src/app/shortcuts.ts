/**
 * Shortcuts of the pages. Each page registers its own while it is shown; `?` lists them.
 *
 * A key is what the browser calls it (`event.key`), with `Shift+` or `Ctrl+` before it where that is
 * meant; two with a blank between are pressed one after the other: `g l`.
 */

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  keys: string;
  /** What it does, for the list: "Go to live". */
  label: string;
  run(event: KeyboardEvent): void;
}

export interface ShortcutGroup {
  name: string;
  shortcuts: readonly Shortcut[];
}

const PREFIX_MS = 1_500;

export class Shortcuts {
  private groups: readonly ShortcutGroup[] = [];
  private readonly listeners = new Set<() => void>();
  private prefix = "";
  private prefixAt = 0;

  add(group: ShortcutGroup): () => void {
    this.change([...this.groups, group]);
    return () => this.change(this.groups.filter((each) => each !== group));
  }

  list = (): readonly ShortcutGroup[] => this.groups;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Runs what a key press means; the page that came last goes first. */
  press(event: KeyboardEvent, now = Date.now()): boolean {
    const key = keyOf(event);
    const isSecond = this.prefix !== "" && now - this.prefixAt < PREFIX_MS;
    const tried = isSecond ? `${this.prefix} ${key}` : key;
    this.prefix = "";
    const found = this.find(tried);
    if (found !== undefined) {
      found.run(event);
      return true;
    }
    if (this.groups.some((group) => group.shortcuts.some((s) => s.keys.startsWith(`${key} `)))) {
      this.prefix = key;
      this.prefixAt = now;
    }
    return false;
  }

  private find(keys: string): Shortcut | undefined {
    for (const group of [...this.groups].reverse()) {
      const found = group.shortcuts.find((each) => each.keys === keys);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private change(groups: readonly ShortcutGroup[]): void {
    this.groups = groups;
    for (const listener of this.listeners) listener();
  }
}

export const shortcuts = new Shortcuts();

/** `k`, `Shift+ArrowLeft`, `Ctrl+Enter`; shift is not named where it makes the character. */
export function keyOf(event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey">) {
  const isCharacter = event.key.length === 1 && event.key !== " ";
  const name = event.key === " " ? "Space" : event.key;
  const shift = event.shiftKey && !isCharacter ? "Shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${shift}${name}`;
}

/** Whether a key belongs to what has the focus: text fields, lists, sliders, open dialogs. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.altKey || event.isComposing) return true;
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest("[role=dialog], [role=alertdialog], [role=menu], [role=listbox]"))
    return true;
  if (event.target.closest("textarea, select, [contenteditable=true]")) return true;
  const input = event.target.closest("input");
  if (input !== null && !["checkbox", "radio", "button", "range"].includes(input.type)) return true;
  // buttons and links are pressed with these
  const isPress = event.key === " " || event.key === "Enter";
  return isPress && event.target.closest("button, a, input, summary, [role=button]") !== null;
}

/** Registers a page's shortcuts while it is shown. */
export function useShortcuts(name: string, given: readonly Shortcut[]): void {
  const latest = useRef(given);
  useEffect(() => {
    latest.current = given;
  });
  const signature = given.map(({ keys, label }) => `${keys}\t${label}`).join("\n");
  useEffect(() => {
    const registered = signature
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [keys = "", label = ""] = line.split("\t");
        const run = (event: KeyboardEvent) =>
          latest.current.find((each) => each.keys === keys)?.run(event);
        return { keys, label, run };
      });
    return shortcuts.add({ name, shortcuts: registered });
  }, [name, signature]);
}

/** All that are in force now. */
export function useShortcutGroups(): readonly ShortcutGroup[] {
  return useSyncExternalStore(shortcuts.subscribe, shortcuts.list);
}

/** Listens to the keyboard; once, in the shell. */
export function useKeyboard(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isTaken(event) && shortcuts.press(event)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
