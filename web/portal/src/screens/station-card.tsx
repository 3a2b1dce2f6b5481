/** A station in the list: who it is, whether it is there, and what each of its connectors does. */

import { memo } from "react";
import type { Connector, Station } from "../api/types";
import { formatEnergy, formatPercent, formatPower, formatProtocol } from "../format";
import { useLive } from "../live/hooks";
import { runningTransaction } from "../live/reducer";
import { Link, paths } from "../router";
import { ConnectionDot, MiniBattery, Wire } from "../ui/status";
import { Ago } from "../ui/time";
import { moodWith, statusText } from "../words";
import styles from "./station-card.module.css";

export const StationCard = memo(function StationCard({ station }: { station: Station }) {
  return (
    <li className={styles.cell}>
      <Link
        className={styles.card}
        href={paths.station(station.identity)}
        data-testid="station-card"
        data-identity={station.identity}
      >
        <div className={styles.head}>
          <ConnectionDot isConnected={station.connected} />
          <span className={styles.identity}>{station.identity}</span>
          {station.protocol !== null && <span className={styles.protocol}>{formatProtocol(station.protocol)}</span>}
        </div>
        <p className={styles.maker}>{makerOf(station)}</p>
        <ul className={styles.connectors}>
          {station.connectors.map((connector) => (
            <ConnectorRow
              key={`${connector.evseId}.${connector.connectorId}`}
              station={station}
              connector={connector}
            />
          ))}
          {station.connectors.length === 0 && <li className={styles.none}>No connector reported yet</li>}
        </ul>
        <p className={styles.foot}>
          {station.registration === "Rejected" && <span className={styles.rejected}>Not admitted</span>}
          <span>
            {station.connected ? "Heard " : "Offline, last heard "}
            <Ago at={station.lastSeenAt} />
          </span>
        </p>
      </Link>
    </li>
  );
});

export function makerOf(station: Station): string {
  const maker = [station.vendor, station.model].filter((part) => part !== null).join(" ");
  return maker === "" ? "Has not introduced itself yet" : maker;
}

function ConnectorRow({ station, connector }: { station: Station; connector: Connector }) {
  const transaction = useLive((view) => runningTransaction(view, connector));
  const mood = moodWith(station, connector, transaction);
  return (
    <li className={styles.connector} data-mood={mood}>
      <span className={styles.number}>
        <span className="visually-hidden">Connector </span>
        {connector.evseId}
        {connector.connectorId > 1 && `.${connector.connectorId}`}
      </span>
      <Wire mood={mood} />
      <span className={styles.status}>{statusText(connector, transaction)}</span>
      {transaction !== null && (
        <span className={styles.energy}>
          <span>{formatEnergy(transaction.energyWh)} kWh</span>
          {transaction.powerW !== null && <span>{formatPower(transaction.powerW)} kW</span>}
          {transaction.socPercent !== null && (
            <span className={styles.soc}>
              <MiniBattery percent={transaction.socPercent} />
              {formatPercent(transaction.socPercent)} %
            </span>
          )}
        </span>
      )}
    </li>
  );
}
