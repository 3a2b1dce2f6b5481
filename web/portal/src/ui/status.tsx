/** How states look: the dot of a connection, the pill of a status, the wire of a connector. */

import type { Mood } from "../words";
import styles from "./status.module.css";

export function ConnectionDot({ isConnected }: { isConnected: boolean }) {
  return (
    <span className={styles.dot} data-connected={isConnected}>
      <span className="visually-hidden">{isConnected ? "Connected" : "Offline"}</span>
    </span>
  );
}

export function StatusPill({ mood, children }: { mood: Mood; children: string }) {
  return (
    <span className={styles.pill} data-mood={mood}>
      <span className={styles.pillDot} aria-hidden="true" />
      {children}
    </span>
  );
}

/** The wire between station and car: still, flowing while charging, broken when faulted. Decoration. */
export function Wire({ mood }: { mood: Mood }) {
  return (
    <span className={styles.wire} data-mood={mood} aria-hidden="true">
      <span className={styles.wireLine}>{mood === "charging" && <span className={styles.wireFlow} />}</span>
      <span className={styles.wireEnd} />
    </span>
  );
}

/** A small battery with its level; nothing when the level is not known. */
export function MiniBattery({ percent }: { percent: number | null }) {
  if (percent === null) {
    return null;
  }
  const level = Math.min(100, Math.max(0, percent));
  return (
    <span className={styles.battery} role="img" aria-label={`State of charge ${Math.round(level)} percent`}>
      <span className={styles.batteryLevel} style={{ width: `${level}%` }} />
    </span>
  );
}
