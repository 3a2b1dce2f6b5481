/** The portal: who may see it, what every screen has around it, and which screen is shown. */

import { useCallback, useEffect, useMemo, useState } from "react";
import { Rest } from "./api/rest";
import styles from "./app.module.css";
import { Feed } from "./live/feed";
import { SessionProvider } from "./live/hooks";
import { socketIo } from "./live/wire";
import { Link, paths, type Route, useRoute } from "./router";
import { SignIn } from "./screens/sign-in";
import { Station } from "./screens/station";
import { Stations } from "./screens/stations";
import { Transaction } from "./screens/transaction";
import { Transactions } from "./screens/transactions";
import { loadToken, saveToken, takeTokenFromFragment } from "./session";
import { toggleTheme, useTheme } from "./theme";
import { Button } from "./ui/button";
import { ConnectionIndicator, OfflineBanner } from "./ui/connection-indicator";
import { LeaveIcon, Mark, MoonIcon, SunIcon } from "./ui/icons";
import { Notice } from "./ui/notice";
import { ToastProvider } from "./ui/toasts";

const REFUSED = "The token is not accepted any more. Sign in with the current one.";

export function App() {
  const { token, reason, signIn, signOut } = useToken();
  return token === null ? (
    <SignIn reason={reason} onSignIn={signIn} />
  ) : (
    <Portal key={token} token={token} onSignOut={signOut} />
  );
}

function Portal({ token, onSignOut }: { token: string; onSignOut: (reason: string | null) => void }) {
  const session = useSession(token, onSignOut);
  const route = useRoute();
  useTitle(route);
  if (session === null) {
    return null;
  }
  return (
    <SessionProvider session={session}>
      <ToastProvider>
        <a className={styles.skip} href="#main">
          To the content
        </a>
        <header className={styles.bar}>
          <div className={styles.inner}>
            <Link className={styles.brand} href={paths.stations} aria-label="chargewire, stations">
              <Mark />
              <span>chargewire</span>
            </Link>
            <nav className={styles.nav} aria-label="Screens">
              <NavLink
                href={paths.stations}
                isCurrent={route.screen === "stations" || route.screen === "station"}
                testId="nav-stations"
              >
                Stations
              </NavLink>
              <NavLink
                href={paths.transactions()}
                isCurrent={route.screen === "transactions" || route.screen === "transaction"}
                testId="nav-transactions"
              >
                Transactions
              </NavLink>
            </nav>
            <div className={styles.tools}>
              <ConnectionIndicator />
              <ThemeButton />
              <Button look="quiet" aria-label="Sign out" title="Sign out" onClick={() => onSignOut(null)}>
                <LeaveIcon />
              </Button>
            </div>
          </div>
        </header>
        <OfflineBanner />
        <main className={styles.main} id="main" tabIndex={-1}>
          <Screen route={route} />
        </main>
      </ToastProvider>
    </SessionProvider>
  );
}

function Screen({ route }: { route: Route }) {
  switch (route.screen) {
    case "stations":
      return <Stations />;
    case "station":
      return <Station key={route.identity} identity={route.identity} />;
    case "transactions":
      return <Transactions station={route.station} />;
    case "transaction":
      return <Transaction key={route.id} id={route.id} />;
    case "unknown":
      return (
        <Notice title="There is nothing at this address">
          <Link href={paths.stations}>To the stations</Link>
        </Notice>
      );
  }
}

interface NavLinkProps {
  readonly href: string;
  readonly isCurrent: boolean;
  readonly testId: string;
  readonly children: string;
}

function NavLink({ href, isCurrent, testId, children }: NavLinkProps) {
  return (
    <Link href={href} aria-current={isCurrent ? "page" : undefined} data-testid={testId}>
      {children}
    </Link>
  );
}

function ThemeButton() {
  const other = useTheme() === "dark" ? "light" : "dark";
  return (
    <Button look="quiet" aria-label={`Use ${other} colours`} title={`Use ${other} colours`} onClick={toggleTheme}>
      {other === "light" ? <SunIcon /> : <MoonIcon />}
    </Button>
  );
}

/** One connection as long as the operator is signed in. */
function useSession(token: string, onSignOut: (reason: string | null) => void) {
  const refuse = useCallback(() => onSignOut(REFUSED), [onSignOut]);
  const rest = useMemo(() => new Rest(token, refuse), [token, refuse]);
  const [feed, setFeed] = useState<Feed | null>(null);
  useEffect(() => {
    const opened = new Feed({ rest, connect: socketIo(token), onUnauthorized: refuse });
    setFeed(opened);
    return () => opened.close();
  }, [rest, token, refuse]);
  return useMemo(() => (feed === null ? null : { feed, rest }), [feed, rest]);
}

/** The token of this tab; a link with a new one in its fragment replaces it. */
function useToken() {
  const [token, setToken] = useState(loadToken);
  const [reason, setReason] = useState<string | null>(null);
  const signIn = useCallback((next: string) => {
    saveToken(next);
    setToken(next);
    setReason(null);
  }, []);
  const signOut = useCallback((why: string | null) => {
    saveToken(null);
    setToken(null);
    setReason(why);
  }, []);
  useEffect(() => {
    const take = () => {
      const fresh = takeTokenFromFragment();
      if (fresh !== null) {
        signIn(fresh);
      }
    };
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, [signIn]);
  return { token, reason, signIn, signOut };
}

function useTitle(route: Route): void {
  useEffect(() => {
    document.title = `${titleOf(route)} · chargewire`;
  }, [route]);
}

function titleOf(route: Route): string {
  switch (route.screen) {
    case "stations":
      return "Stations";
    case "station":
      return route.identity;
    case "transactions":
      return "Transactions";
    case "transaction":
      return `Transaction ${route.id}`;
    case "unknown":
      return "Nothing here";
  }
}
