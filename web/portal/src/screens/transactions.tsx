/** All transactions, filtered by station and state. */

import { useState } from "react";
import { useAllStations, useLive } from "../live/hooks";
import { navigate, paths } from "../router";
import { TransactionList } from "./transaction-list";
import styles from "./transactions.module.css";

const PAGE = 25;

const STATES = [
  { state: null, label: "All" },
  { state: "open", label: "Running" },
  { state: "ended", label: "Ended" },
] as const;

export function Transactions({ station }: { station: string | null }) {
  useAllStations();
  const stations = useLive((view) => view.stations);
  const [state, setState] = useState<"open" | "ended" | null>(null);
  const identities = [...stations.keys()];
  return (
    <div className={styles.screen}>
      <h1>Transactions</h1>
      <div className={styles.filters}>
        <label className={styles.station}>
          <span className="visually-hidden">Station</span>
          <select value={station ?? ""} onChange={(event) => navigate(paths.transactions(event.target.value || null))}>
            <option value="">All stations</option>
            {station !== null && !stations.has(station) && <option>{station}</option>}
            {identities.map((identity) => (
              <option key={identity}>{identity}</option>
            ))}
          </select>
        </label>
        <fieldset className={styles.states}>
          <legend className="visually-hidden">Show</legend>
          {STATES.map(({ state: value, label }) => (
            <button type="button" key={label} aria-pressed={state === value} onClick={() => setState(value)}>
              {label}
            </button>
          ))}
        </fieldset>
      </div>
      <TransactionList key={`${station}|${state}`} station={station} state={state} limit={PAGE} hasMore />
    </div>
  );
}
