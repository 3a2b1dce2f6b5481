/** Times that grow by themselves; only the text that changed renders again. */

import { useSyncExternalStore } from "react";
import { formatAgo, formatDateTime, formatDuration } from "../format";

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

export function Ago({ at }: { at: string | null }) {
  const text = useSyncExternalStore(onTick, () => formatAgo(at, now));
  return at === null ? (
    <span>{text}</span>
  ) : (
    <time dateTime={at} title={formatDateTime(at)}>
      {text}
    </time>
  );
}

/** The time since an instant, or between two. */
export function Elapsed({ from, to = null }: { from: string; to?: string | null }) {
  const text = useSyncExternalStore(onTick, () =>
    formatDuration((to === null ? now : Date.parse(to)) - Date.parse(from)),
  );
  return <span>{text}</span>;
}

function onTick(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) {
    listener();
  }
}
