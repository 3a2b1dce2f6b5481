/** One station: who it is, its connectors live, its latest transactions and the frames on its socket. */

import { useEffect, useState } from "react";
import type { Station as StationFacts } from "../api/types";
import { formatDateTime, formatProtocol } from "../format";
import { useLive, useOneStation } from "../live/hooks";
import { Link, paths } from "../router";
import { BackIcon } from "../ui/icons";
import { Notice, Skeleton } from "../ui/notice";
import { ConnectionDot } from "../ui/status";
import { Ago, Elapsed } from "../ui/time";
import { ConnectorCard } from "./connector-card";
import { FrameLog } from "./frame-log";
import styles from "./station.module.css";
import { StationCommands } from "./station-commands";
import { TransactionList } from "./transaction-list";

const TOKEN_KEY = "chargewire.idToken";
const FIRST_TOKEN = "CHARGEWIRE";
const MAX_TOKEN = { v16: 20, v2: 36 } as const;
const LATEST = 5;

export function Station({ identity }: { identity: string }) {
  useOneStation(identity);
  const station = useLive((view) => view.stations.get(identity));
  const isMissing = useLive((view) => view.isMissing);
  const problem = useLive((view) => view.problem);
  return (
    <div className={styles.screen}>
      <Link className={styles.back} href={paths.stations}>
        <BackIcon /> Stations
      </Link>
      {isMissing && (
        <Notice title={`There is no station ${identity}`}>
          <p>It may have been removed, or the address is misspelt. Identities distinguish upper and lower case.</p>
        </Notice>
      )}
      {problem !== null && (
        <Notice title="The station could not be loaded" isProblem>
          <p>{problem} The portal tries again by itself.</p>
        </Notice>
      )}
      {station !== undefined && !isMissing && <Content station={station} />}
      {station === undefined && !isMissing && problem === null && <Skeleton label="Loading the station" />}
    </div>
  );
}

function Content({ station }: { station: StationFacts }) {
  const [idToken, setIdToken] = useIdToken();
  return (
    <>
      <Head station={station} />
      <section className={styles.section} aria-label="Connectors">
        <div className={styles.sectionHead}>
          <h2>Connectors</h2>
          <label className={styles.token}>
            <span>Start with ID token</span>
            <input
              data-testid="id-token-input"
              value={idToken}
              maxLength={station.protocol === "ocpp1.6" ? MAX_TOKEN.v16 : MAX_TOKEN.v2}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setIdToken(event.target.value)}
            />
          </label>
        </div>
        {station.connectors.length === 0 ? (
          <Notice title="No connector reported yet">
            <p>They appear with the first status the station sends. Commands → Status notification asks for it.</p>
          </Notice>
        ) : (
          <div className={styles.connectors}>
            {station.connectors.map((connector) => (
              <ConnectorCard
                key={`${connector.evseId}.${connector.connectorId}`}
                station={station}
                connector={connector}
                idToken={idToken}
              />
            ))}
          </div>
        )}
      </section>
      <FrameLog key={station.identity} />
      <section className={styles.section} aria-label="Latest transactions">
        <div className={styles.sectionHead}>
          <h2>Latest transactions</h2>
          <Link href={paths.transactions(station.identity)}>All of {station.identity}</Link>
        </div>
        <TransactionList key={station.identity} station={station.identity} state={null} limit={LATEST} />
      </section>
    </>
  );
}

function Head({ station }: { station: StationFacts }) {
  return (
    <header className={styles.head}>
      <div className={styles.title}>
        <h1>{station.identity}</h1>
        <p className={styles.presence}>
          <ConnectionDot isConnected={station.connected} />
          {station.connected && station.connectedAt !== null ? (
            <span>
              Connected for <Elapsed from={station.connectedAt} />
            </span>
          ) : (
            <span>{station.connected ? "Connected" : "Offline"}</span>
          )}
          {station.registration !== "Accepted" && (
            <span className={styles.registration}>
              {station.registration === "Pending" ? "Waits for admission" : "Not admitted"}
            </span>
          )}
        </p>
      </div>
      <StationCommands station={station} />
      <dl className={styles.facts}>
        <Fact name="Vendor" value={station.vendor} />
        <Fact name="Model" value={station.model} />
        <Fact name="Serial number" value={station.serialNumber} />
        <Fact name="Firmware" value={station.firmwareVersion} />
        <Fact name="Protocol" value={station.protocol === null ? null : formatProtocol(station.protocol)} />
        <div>
          <dt>Last heard</dt>
          <dd title={formatDateTime(station.lastSeenAt)}>
            <Ago at={station.lastSeenAt} />
          </dd>
        </div>
      </dl>
    </header>
  );
}

function Fact({ name, value }: { name: string; value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? "–"}</dd>
    </div>
  );
}

/** The ID token for starts, remembered on this machine. */
function useIdToken(): [string, (idToken: string) => void] {
  const [idToken, setIdToken] = useState(() => localStorage.getItem(TOKEN_KEY) ?? FIRST_TOKEN);
  useEffect(() => localStorage.setItem(TOKEN_KEY, idToken), [idToken]);
  return [idToken, setIdToken];
}
