/** The way in: the token the server printed. */

import { type FormEvent, useState } from "react";
import { ApiError, Rest } from "../api/rest";
import { Button } from "../ui/button";
import { Mark } from "../ui/icons";
import styles from "./sign-in.module.css";

interface SignInProps {
  /** Why the operator is here again, if there is a reason. */
  readonly reason: string | null;
  readonly onSignIn: (token: string) => void;
}

export function SignIn({ reason, onSignIn }: SignInProps) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(reason);
  const [isBusy, setIsBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setIsBusy(true);
    setProblem(null);
    try {
      await new Rest(token.trim()).listStations({ limit: 1 });
      onSignIn(token.trim());
    } catch (error) {
      setProblem(describe(error as Error));
      setIsBusy(false);
    }
  };

  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={submit}>
        <Mark />
        <h1>Sign in to chargewire</h1>
        <label className={styles.field}>
          <span>Token</span>
          <input
            data-testid="sign-in-token"
            type="password"
            autoComplete="current-password"
            // biome-ignore lint/a11y/noAutofocus: the only field of the page
            autoFocus
            required
            value={token}
            aria-invalid={problem !== null}
            aria-describedby="sign-in-problem sign-in-hint"
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <p className={styles.problem} id="sign-in-problem" role="alert">
          {problem}
        </p>
        <Button look="primary" type="submit" isBusy={isBusy} data-testid="sign-in-submit">
          Sign in
        </Button>
        <p className={styles.hint} id="sign-in-hint">
          The server prints it once, at its first start. <code>chargewire demo</code> prints a link that signs you in.
        </p>
      </form>
    </main>
  );
}

function describe(error: Error): string {
  const isRefused = error instanceof ApiError && error.status === 401;
  return isRefused ? "This token is not accepted. Check that you copied all of it." : error.message;
}
