/** How components read the feed: selectors that render again only when what they select has changed. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useSyncExternalStore } from "react";
import type { Rest } from "../api/rest";
import type { Feed, View } from "./feed";
import type { MeterCurve } from "./meter";

interface Session {
  readonly feed: Feed;
  readonly rest: Rest;
}

const SessionContext = createContext<Session | null>(null);
const NO_CURVE: MeterCurve = [];

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useFeed(): Feed {
  return useSession().feed;
}

export function useRest(): Rest {
  return useSession().rest;
}

/** Reads the view; `select` must return the same object as long as nothing it stands for has changed. */
export function useLive<T>(select: (view: View) => T): T {
  const { feed } = useSession();
  const subscribe = useCallback((listener: () => void) => feed.subscribe(listener), [feed]);
  return useSyncExternalStore(subscribe, () => select(feed.view));
}

/** Makes the feed follow all stations while a screen is shown. */
export function useAllStations(): void {
  const feed = useFeed();
  useEffect(() => feed.show({ stations: "all" }), [feed]);
}

/** Makes the feed follow one station and its frames while a screen is shown. */
export function useOneStation(identity: string): void {
  const feed = useFeed();
  useEffect(() => feed.show({ stations: "one", identity }), [feed, identity]);
}

/** The meter curve of a transaction, live. */
export function useMeter(transaction: number): MeterCurve {
  const feed = useFeed();
  useEffect(() => feed.watchMeter(transaction), [feed, transaction]);
  return useLive((view) => view.meters.get(transaction) ?? NO_CURVE);
}

function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) {
    throw new Error("There is no session around this component.");
  }
  return session;
}
