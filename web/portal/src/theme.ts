/** Light or dark: the system's wish until the operator chooses, then the choice, kept on this machine. */

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "chargewire.theme";
const DARK = "(prefers-color-scheme: dark)";
const listeners = new Set<() => void>();

/** Applies the kept choice; called before the first paint. */
export function restoreTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") {
    document.documentElement.dataset.theme = kept;
  }
}

export function toggleTheme(): void {
  const next = currentTheme() === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, next);
  document.documentElement.dataset.theme = next;
  for (const listener of listeners) {
    listener();
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  if (theme === "light" || theme === "dark") {
    return theme;
  }
  return matchMedia(DARK).matches ? "dark" : "light";
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia(DARK);
  listeners.add(listener);
  media.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    media.removeEventListener("change", listener);
  };
}
