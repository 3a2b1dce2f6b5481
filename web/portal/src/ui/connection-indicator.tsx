/** Whether what is on the screen is live; while it is not, since when. */

import type { Phase } from "../live/feed";
import { useLive } from "../live/hooks";
import styles from "./connection-indicator.module.css";
import { Elapsed } from "./time";

export function ConnectionIndicator() {
  const phase = useLive((view) => view.phase);
  return (
    <span className={styles.indicator} data-state={phase} data-testid="connection-indicator" role="status">
      <span className={styles.dot} aria-hidden="true" />
      <span className={styles.label}>{LABELS[phase]}</span>
    </span>
  );
}

/** A line across the page while the connection is lost. */
export function OfflineBanner() {
  const phase = useLive((view) => view.phase);
  const staleSince = useLive((view) => view.staleSince);
  if (phase !== "offline" || staleSince === null) {
    return null;
  }
  return (
    <p className={styles.banner}>
      No connection to the server for <Elapsed from={new Date(staleSince).toISOString()} />. What you see is from
      before; the portal reconnects by itself and catches up.
    </p>
  );
}

const LABELS: Readonly<Record<Phase, string>> = {
  connecting: "Connecting",
  catchingUp: "Catching up",
  live: "Live",
  offline: "Offline",
};
