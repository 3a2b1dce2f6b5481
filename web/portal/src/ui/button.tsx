/** Buttons: one look for what is done, one for what is offered, and one that asks twice. */

import { type ComponentPropsWithRef, useEffect, useState } from "react";
import styles from "./button.module.css";

type Look = "primary" | "stop" | "plain" | "quiet";

type ButtonProps = ComponentPropsWithRef<"button"> & { readonly look?: Look; readonly isBusy?: boolean };

const CONFIRM_WITHIN_MS = 4000;

export function Button({ look = "plain", isBusy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={[styles.button, styles[look], className].filter(Boolean).join(" ")}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy}
      {...rest}
    >
      {isBusy && <span className={styles.spinner} aria-hidden="true" />}
      {children}
    </button>
  );
}

type ConfirmButtonProps = Omit<ButtonProps, "onClick"> & { readonly onConfirm: () => void; readonly question: string };

/** Acts on the second press; the first one turns the label into the question for a few seconds. */
export function ConfirmButton({ onConfirm, question, children, ...rest }: ConfirmButtonProps) {
  const [isAsking, setIsAsking] = useState(false);
  useEffect(() => {
    if (!isAsking) {
      return;
    }
    const timer = setTimeout(() => setIsAsking(false), CONFIRM_WITHIN_MS);
    return () => clearTimeout(timer);
  }, [isAsking]);
  const press = () => {
    setIsAsking(!isAsking);
    if (isAsking) {
      onConfirm();
    }
  };
  return (
    <Button {...rest} onClick={press} data-asking={isAsking}>
      {isAsking ? question : children}
    </Button>
  );
}
