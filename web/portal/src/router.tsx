/** Paths of the portal: which screen a path shows, and links that change it without loading the page. */

import { type ComponentPropsWithRef, type MouseEvent, useSyncExternalStore } from "react";

export type Route =
  | { readonly screen: "stations" }
  | { readonly screen: "station"; readonly identity: string }
  | { readonly screen: "transactions"; readonly station: string | null }
  | { readonly screen: "transaction"; readonly id: number }
  | { readonly screen: "unknown" };

const NAVIGATED = "chargewire:navigated";

export const paths = {
  stations: "/",
  station: (identity: string) => `/stations/${encodeURIComponent(identity)}`,
  transactions: (station: string | null = null) =>
    station === null ? "/transactions" : `/transactions?station=${encodeURIComponent(station)}`,
  transaction: (id: number) => `/transactions/${id}`,
};

export function parseRoute(pathname: string, search = ""): Route {
  const [first, second, ...rest] = pathname.split("/").filter((part) => part !== "");
  if (rest.length > 0) {
    return { screen: "unknown" };
  }
  switch (first) {
    case undefined:
      return { screen: "stations" };
    case "stations":
      return second === undefined ? { screen: "stations" } : stationRoute(second);
    case "transactions":
      return second === undefined
        ? { screen: "transactions", station: new URLSearchParams(search).get("station") }
        : transactionRoute(second);
    default:
      return { screen: "unknown" };
  }
}

export function navigate(path: string): void {
  history.pushState(null, "", path);
  window.scrollTo(0, 0);
  window.dispatchEvent(new Event(NAVIGATED));
}

export function useRoute(): Route {
  const location = useSyncExternalStore(onNavigation, () => window.location.pathname + window.location.search);
  const [pathname = "/", search = ""] = location.split(/(?=\?)/);
  return parseRoute(pathname, search);
}

type LinkProps = ComponentPropsWithRef<"a"> & { readonly href: string };

export function Link({ href, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (isPlain && !event.defaultPrevented) {
      event.preventDefault();
      navigate(href);
    }
  };
  return <a href={href} onClick={follow} {...rest} />;
}

function stationRoute(part: string): Route {
  try {
    return { screen: "station", identity: decodeURIComponent(part) };
  } catch {
    return { screen: "unknown" };
  }
}

function transactionRoute(part: string): Route {
  return /^\d{1,15}$/.test(part) ? { screen: "transaction", id: Number(part) } : { screen: "unknown" };
}

function onNavigation(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(NAVIGATED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(NAVIGATED, listener);
  };
}
