/** Every station at a glance: figures, those that wait for admission, and a card for each. */

import { useId, useMemo, useState } from "react";
import type { Station, Transaction } from "../api/types";
import { formatPower } from "../format";
import { useAllStations, useFeed, useLive } from "../live/hooks";
import { Button } from "../ui/button";
import { Figure } from "../ui/figure";
import { SearchIcon } from "../ui/icons";
import { Notice, Skeleton } from "../ui/notice";
import { ConnectionDot } from "../ui/status";
import { useToast } from "../ui/toasts";
import { moodWith } from "../words";
import { makerOf, StationCard } from "./station-card";
import styles from "./stations.module.css";

type Group = "all" | "charging" | "faulted" | "offline";

const GROUPS: readonly { readonly group: Group; readonly label: string }[] = [
  { group: "all", label: "All" },
  { group: "charging", label: "Charging" },
  { group: "faulted", label: "With faults" },
  { group: "offline", label: "Offline" },
];

export function Stations() {
  useAllStations();
  const stations = useLive((view) => view.stations);
  const transactions = useLive((view) => view.transactions);
  const hasAll = useLive((view) => view.hasAll);
  const problem = useLive((view) => view.problem);
  const all = useMemo(() => [...stations.values()], [stations]);
  const pending = all.filter((station) => station.registration === "Pending");

  return (
    <div className={styles.screen}>
      <div className={styles.head}>
        <h1>Stations</h1>
        {hasAll && all.length > 0 && <Overview stations={all} transactions={transactions} />}
      </div>
      {problem !== null && (
        <Notice title="The stations could not be loaded" isProblem>
          <p>{problem} The portal tries again by itself.</p>
        </Notice>
      )}
      {!hasAll && problem === null && <Skeleton label="Loading stations" rows={4} />}
      {hasAll && all.length === 0 && <NoStations />}
      {pending.length > 0 && <Admission stations={pending} />}
      {hasAll && all.length > pending.length && (
        <StationList
          stations={all.filter((station) => station.registration !== "Pending")}
          transactions={transactions}
        />
      )}
    </div>
  );
}

interface StationsProps {
  readonly stations: readonly Station[];
  readonly transactions: ReadonlyMap<number, Transaction>;
}

function Overview({ stations, transactions }: StationsProps) {
  const open = [...transactions.values()].filter((transaction) => transaction.state === "open");
  const connected = stations.filter((station) => station.connected).length;
  const power = open.reduce((sum, transaction) => sum + (transaction.powerW ?? 0), 0);
  return (
    <dl className={styles.overview}>
      <Figure size="small" label="Connected" value={`${connected} of ${stations.length}`} />
      <Figure size="small" label="Transactions" value={String(open.length)} />
      <Figure size="small" label="Power now" value={formatPower(power)} unit="kW" />
      <Figure
        size="small"
        label="With faults"
        value={String(stations.filter((s) => isIn("faulted", s, transactions)).length)}
      />
    </dl>
  );
}

function StationList({ stations, transactions }: StationsProps) {
  const [text, setText] = useState("");
  const [group, setGroup] = useState<Group>("all");
  const found = stations.filter((station) => matches(station, text));
  const shown = found.filter((station) => isIn(group, station, transactions));
  return (
    <section className={styles.list} aria-label="All stations">
      <div className={styles.filters}>
        <label className={styles.search}>
          <SearchIcon />
          <span className="visually-hidden">Search stations</span>
          <input
            type="search"
            placeholder="Search identity, vendor, model"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <fieldset className={styles.groups}>
          <legend className="visually-hidden">Show</legend>
          {GROUPS.map(({ group: name, label }) => (
            <button type="button" key={name} aria-pressed={group === name} onClick={() => setGroup(name)}>
              {label} <span>{found.filter((station) => isIn(name, station, transactions)).length}</span>
            </button>
          ))}
        </fieldset>
      </div>
      {shown.length === 0 ? (
        <Notice title="No station matches">
          <p>Change the search, or show all stations.</p>
        </Notice>
      ) : (
        <ul className={styles.grid}>
          {shown.map((station) => (
            <StationCard key={station.identity} station={station} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Admission({ stations }: { stations: readonly Station[] }) {
  const title = useId();
  return (
    <section className={styles.admission} aria-labelledby={title}>
      <h2 id={title}>Waiting for admission</h2>
      <p className={styles.hint}>
        These stations connected for the first time. Admit only those you know: an admitted station may charge.
      </p>
      <ul>
        {stations.map((station) => (
          <PendingStation key={station.identity} station={station} />
        ))}
      </ul>
    </section>
  );
}

function PendingStation({ station }: { station: Station }) {
  const feed = useFeed();
  const toast = useToast();
  const [isBusy, setIsBusy] = useState(false);
  const decide = async (registration: "Accepted" | "Rejected") => {
    setIsBusy(true);
    try {
      await feed.setRegistration(station.identity, registration);
      const next = "The station learns it with its next boot message, usually within a minute.";
      toast({
        tone: "good",
        title: `${station.identity} is ${registration === "Accepted" ? "admitted" : "refused"}`,
        next,
      });
    } catch (error) {
      toast({ tone: "bad", title: `${station.identity} was not changed`, next: String((error as Error).message) });
    }
    setIsBusy(false);
  };
  return (
    <li className={styles.pending} data-testid="pending-station" data-identity={station.identity}>
      <ConnectionDot isConnected={station.connected} />
      <div className={styles.who}>
        <strong>{station.identity}</strong>
        <span>{makerOf(station)}</span>
      </div>
      <div className={styles.decide}>
        <Button look="primary" isBusy={isBusy} onClick={() => decide("Accepted")} data-testid="admit-button">
          Admit
        </Button>
        <Button disabled={isBusy} onClick={() => decide("Rejected")}>
          Refuse
        </Button>
      </div>
    </li>
  );
}

function NoStations() {
  const { protocol, hostname } = window.location;
  const scheme = protocol === "https:" ? "wss" : "ws";
  return (
    <Notice title="No station has connected yet" picture={<EmptyPicture />}>
      <p>Enter this URL in your charger as the address of its management system, with the charger’s own identity:</p>
      <code>{`${scheme}://${hostname}:9000/ocpp/IDENTITY`}</code>
      <p>9000 is the usual port for stations. To try without a charger, run a simulated one:</p>
      <code>chargewire simulate {`${scheme}://${hostname}:9000/ocpp`} --identity CP001</code>
    </Notice>
  );
}

function EmptyPicture() {
  return (
    <svg className={styles.picture} viewBox="0 0 200 80" aria-hidden="true">
      <rect x="18" y="14" width="28" height="56" rx="6" />
      <rect x="24" y="21" width="16" height="12" rx="2" />
      <path d="M46 52h38" />
      <circle cx="92" cy="52" r="6" />
      <path className={styles.dashes} d="M104 52h46" />
      <rect x="156" y="32" width="30" height="38" rx="5" />
      <path d="M163 42h16M163 51h16M163 60h9" />
    </svg>
  );
}

function matches(station: Station, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/);
  const place = `${station.identity} ${makerOf(station)} ${station.serialNumber ?? ""}`.toLowerCase();
  return words.every((word) => place.includes(word));
}

function isIn(group: Group, station: Station, transactions: ReadonlyMap<number, Transaction>): boolean {
  switch (group) {
    case "all":
      return true;
    case "charging":
      return station.connectors.some((connector) => {
        const transaction = connector.transactionId === null ? undefined : transactions.get(connector.transactionId);
        return moodWith(station, connector, transaction ?? null) === "charging";
      });
    case "faulted":
      return station.connectors.some((connector) => connector.status === "Faulted");
    case "offline":
      return !station.connected;
  }
}
