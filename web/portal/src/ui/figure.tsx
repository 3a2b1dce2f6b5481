/** One number with its unit and its name. */

import type { ReactNode } from "react";
import styles from "./figure.module.css";

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly size?: "small" | "large";
  readonly testId?: string;
  /** A small picture of the value, after it. */
  readonly children?: ReactNode;
}

export function Figure({ label, value, unit, size = "large", testId, children }: FigureProps) {
  return (
    <div className={styles.figure} data-size={size}>
      <dt>{label}</dt>
      <dd>
        <span className={styles.value} data-testid={testId}>
          {value}
        </span>
        {unit !== undefined && <span className={styles.unit}>{unit}</span>}
        {children}
      </dd>
    </div>
  );
}
