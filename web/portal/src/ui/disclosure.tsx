/** A button that opens a panel below itself; Escape and a click elsewhere close it. */

import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button } from "./button";
import styles from "./disclosure.module.css";
import { ChevronIcon } from "./icons";

export function Disclosure({ label, children }: { label: string; children: (close: () => void) => ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useId();
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) {
        setIsOpen(false);
      }
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        setIsOpen(false);
        button.current?.focus();
      }
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey);
    };
  }, [isOpen]);
  return (
    <div className={styles.root} ref={root}>
      <Button ref={button} aria-expanded={isOpen} aria-controls={panel} onClick={() => setIsOpen(!isOpen)}>
        {label}
        <ChevronIcon />
      </Button>
      <div className={styles.panel} id={panel} hidden={!isOpen}>
        {isOpen && children(() => setIsOpen(false))}
      </div>
    </div>
  );
}
