/** Light or dark: the system's choice until one is made here. */

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const STORAGE = "everframe.theme";
const listeners = new Set<() => void>();

export function readTheme(): Theme {
  const stored = localStorage.getItem(STORAGE);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(STORAGE);
  else localStorage.setItem(STORAGE, theme);
  applyTheme();
  for (const listener of listeners) listener();
}

/** Marks the document; without a choice the style sheet follows the system. */
export function applyTheme(): void {
  const theme = readTheme();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    const onStorage = () => {
      applyTheme();
      listener();
    };
    listeners.add(listener);
    window.addEventListener("storage", onStorage);
    return () => {
      listeners.delete(listener);
      window.removeEventListener("storage", onStorage);
    };
  }, readTheme);
}
