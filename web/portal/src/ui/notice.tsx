/** What a place says when there is nothing to show: it is empty, it failed, or it is still loading. */

import type { ReactNode } from "react";
import styles from "./notice.module.css";

interface NoticeProps {
  readonly title: string;
  readonly picture?: ReactNode;
  readonly children?: ReactNode;
  readonly isProblem?: boolean;
}

export function Notice({ title, picture, children, isProblem = false }: NoticeProps) {
  return (
    <div className={styles.notice} data-problem={isProblem} role={isProblem ? "alert" : undefined}>
      {picture}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Skeleton({ rows = 3, label }: { rows?: number; label: string }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: identical bars
        <span key={index} />
      ))}
    </div>
  );
}
