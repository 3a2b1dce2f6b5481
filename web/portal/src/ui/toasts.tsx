/** Short messages in the corner: what a command led to and what to do next. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { Explanation } from "../commands";
import { Button } from "./button";
import { AlertIcon, CheckIcon, CloseIcon } from "./icons";
import styles from "./toasts.module.css";

const SHOWN_MS = { good: 8000, warning: 15_000, bad: 20_000 } as const;
const AT_MOST = 4;

interface Toast extends Explanation {
  readonly key: number;
}

type Show = (explanation: Explanation) => void;

const ToastContext = createContext<Show>(() => {});

export function useToast(): Show {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const nextKey = useRef(0);
  const show = useCallback<Show>((explanation) => {
    nextKey.current += 1;
    const toast = { ...explanation, key: nextKey.current };
    setToasts((shown) => [...shown, toast].slice(-AT_MOST));
  }, []);
  const dismiss = useCallback((key: number) => setToasts((shown) => shown.filter((toast) => toast.key !== key)), []);
  return (
    <ToastContext value={show}>
      {children}
      <div className={styles.corner} role="status" aria-live="polite">
        {toasts.map((toast) => (
          <ToastCard key={toast.key} toast={toast} onDismiss={dismiss} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastCard({ toast, onDismiss }: { toast: Toast; onDismiss: (key: number) => void }) {
  const [isHeld, setIsHeld] = useState(false);
  useEffect(() => {
    if (isHeld) {
      return;
    }
    const timer = setTimeout(() => onDismiss(toast.key), SHOWN_MS[toast.tone]);
    return () => clearTimeout(timer);
  }, [isHeld, onDismiss, toast]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps the message from leaving
    <div
      className={styles.toast}
      data-tone={toast.tone}
      data-testid="toast"
      onMouseEnter={() => setIsHeld(true)}
      onMouseLeave={() => setIsHeld(false)}
    >
      <span className={styles.icon}>{toast.tone === "good" ? <CheckIcon /> : <AlertIcon />}</span>
      <div className={styles.text}>
        <strong>{toast.title}</strong>
        {toast.next !== "" && <p>{toast.next}</p>}
      </div>
      <Button look="quiet" className={styles.close} aria-label="Dismiss" onClick={() => onDismiss(toast.key)}>
        <CloseIcon />
      </Button>
    </div>
  );
}
