/** One connector of a station: its picture, what flows, and the buttons that start and stop it. */

import { useEffect, useState } from "react";
import type { Connector, Station, Transaction } from "../api/types";
import { changeAvailability, start, startObstacle, stop, unlock } from "../commands";
import { formatEnergy, formatEnumeration, formatPercent, formatPower } from "../format";
import { useLive, useMeter } from "../live/hooks";
import { runningTransaction } from "../live/reducer";
import { Link, paths } from "../router";
import { Button, ConfirmButton } from "../ui/button";
import { Curve } from "../ui/curve";
import { Figure } from "../ui/figure";
import { BoltIcon, StopIcon } from "../ui/icons";
import { Scene } from "../ui/scene";
import { MiniBattery, StatusPill } from "../ui/status";
import { Elapsed } from "../ui/time";
import { moodWith, statusText } from "../words";
import styles from "./connector-card.module.css";
import { type Commander, isAccepted, useCommand } from "./use-command";

/** How long an accepted start or stop may stay without effect before the card stops waiting for it. */
const EFFECT_WITHIN_MS = 60_000;

interface ConnectorProps {
  readonly station: Station;
  readonly connector: Connector;
  readonly idToken: string;
}

export function ConnectorCard({ station, connector, idToken }: ConnectorProps) {
  const transaction = useLive((view) => runningTransaction(view, connector));
  const commander = useCommand(station.identity);
  const mood = moodWith(station, connector, transaction);
  const status = statusText(connector, transaction);
  const hasCar = transaction !== null || mood === "busy" || mood === "charging";
  const name = connectorName(connector);
  return (
    <article className={styles.card} aria-label={name} data-evse={connector.evseId}>
      <header className={styles.head}>
        <h3>{name}</h3>
        <StatusPill mood={mood}>{status}</StatusPill>
      </header>
      {connector.errorCode !== null && connector.errorCode !== "NoError" && (
        <p className={styles.fault}>The station reports {formatEnumeration(connector.errorCode).toLowerCase()}.</p>
      )}
      <div className={styles.body}>
        <div className={styles.scene}>
          <Scene
            mood={mood}
            hasCar={hasCar}
            socPercent={transaction?.socPercent ?? null}
            label={sceneText(status, transaction)}
          />
        </div>
        {transaction === null ? <Idle station={station} connector={connector} /> : <Flow transaction={transaction} />}
      </div>
      {transaction !== null && <LiveCurve transaction={transaction} />}
      <footer className={styles.foot}>
        <StartStop {...{ station, connector, transaction, idToken, commander }} />
        <Upkeep {...{ station, connector, transaction, commander }} />
      </footer>
    </article>
  );
}

export function connectorName({ evseId, connectorId }: Pick<Connector, "evseId" | "connectorId">): string {
  return connectorId > 1 ? `Connector ${evseId}.${connectorId}` : `Connector ${evseId}`;
}

function Flow({ transaction }: { transaction: Transaction }) {
  const { socPercent } = transaction;
  return (
    <div className={styles.flow}>
      <dl className={styles.figures}>
        <Figure label="Energy" value={formatEnergy(transaction.energyWh)} unit="kWh" testId="energy-value" />
        <Figure label="Power" value={formatPower(transaction.powerW)} unit="kW" testId="power-value" />
        <Figure label="Battery" value={formatPercent(socPercent)} unit="%" testId="soc-value">
          <MiniBattery percent={socPercent} />
        </Figure>
      </dl>
      <p className={styles.facts}>
        {transaction.startedAt !== null && (
          <span>
            Charging for <Elapsed from={transaction.startedAt} />
          </span>
        )}
        {transaction.idToken !== null && (
          <span>
            by <code>{transaction.idToken}</code>
          </span>
        )}
        <Link href={paths.transaction(transaction.id)}>Transaction {transaction.id}</Link>
      </p>
    </div>
  );
}

function LiveCurve({ transaction }: { transaction: Transaction }) {
  const curve = useMeter(transaction.id);
  return <Curve curve={curve} meterStartWh={transaction.meterStartWh} height={210} isLive />;
}

/** Nothing runs: what the operator can do, and how the last transaction seen went. */
function Idle({ station, connector }: Pick<ConnectorProps, "station" | "connector">) {
  const last = useLive((view) => {
    let newest: Transaction | null = null;
    for (const known of view.transactions.values()) {
      const isHere = known.station === station.identity && known.evseId === connector.evseId;
      if (isHere && known.state !== "open" && (newest === null || known.id > newest.id)) {
        newest = known;
      }
    }
    return newest;
  });
  return (
    <div className={styles.idle}>
      <p>{idleText(station, connector)}</p>
      {last !== null && (
        <p className={styles.last}>
          <span>
            Last: <b>{formatEnergy(last.energyWh)} kWh</b>
          </span>
          {last.startedAt !== null && last.endedAt !== null && (
            <span>
              in <Elapsed from={last.startedAt} to={last.endedAt} />
            </span>
          )}
          <Link href={paths.transaction(last.id)}>Transaction {last.id}</Link>
        </p>
      )}
    </div>
  );
}

interface ActionProps {
  readonly station: Station;
  readonly connector: Connector;
  readonly transaction: Transaction | null;
  readonly commander: Commander;
}

function StartStop({
  station,
  connector,
  transaction,
  idToken,
  commander,
}: ActionProps & { readonly idToken: string }) {
  const [awaited, setAwaited] = useState<"start" | "stop" | null>(null);
  const isRunning = transaction !== null;
  const waitsForEffect = awaited === (isRunning ? "stop" : "start");
  useEffect(() => {
    if (awaited === null) {
      return;
    }
    const timer = setTimeout(() => setAwaited(null), EFFECT_WITHIN_MS);
    return () => clearTimeout(timer);
  }, [awaited]);

  const press = async () => {
    const order = isRunning ? stop(station, transaction) : start(station, connector, idToken.trim(), newStartId());
    const outcome = await commander.send(order);
    setAwaited(isAccepted(outcome) ? (isRunning ? "stop" : "start") : null);
  };

  const obstacle = isRunning ? stopObstacle(station) : startObstacle(station, connector, idToken);
  return (
    <div className={styles.main}>
      <Button
        look={isRunning ? "stop" : "primary"}
        data-testid={isRunning ? "stop-button" : "start-button"}
        isBusy={commander.pending !== null}
        disabled={obstacle !== null}
        onClick={press}
      >
        {isRunning ? <StopIcon /> : <BoltIcon />}
        {isRunning ? "Stop charging" : "Start charging"}
      </Button>
      <span className={styles.hint}>
        {obstacle ??
          (waitsForEffect && (isRunning ? "Waiting for the last meter value…" : "Waiting for the station to begin…"))}
      </span>
    </div>
  );
}

function Upkeep({ station, connector, transaction, commander }: ActionProps) {
  const isDisabled = !station.connected || commander.pending !== null;
  const isOut = connector.status === "Unavailable";
  return (
    <div className={styles.upkeep}>
      {isOut ? (
        <Button
          look="quiet"
          disabled={isDisabled}
          onClick={() => commander.send(changeAvailability(station, connector, true))}
        >
          Put into operation
        </Button>
      ) : (
        <ConfirmButton
          look="quiet"
          disabled={isDisabled}
          question="Take out of operation?"
          onConfirm={() => commander.send(changeAvailability(station, connector, false))}
        >
          Take out of operation
        </ConfirmButton>
      )}
      <ConfirmButton
        look="quiet"
        disabled={isDisabled}
        question={transaction === null ? "Unlock?" : "Unlock while charging?"}
        onConfirm={() => commander.send(unlock(station, connector))}
      >
        Unlock
      </ConfirmButton>
    </div>
  );
}

function stopObstacle(station: Station): string | null {
  return station.connected ? null : "The station is offline; it reports this transaction when it is back.";
}

function idleText(station: Station, connector: Connector): string {
  if (!station.connected) {
    return "The station is offline. What you see is what it last reported.";
  }
  switch (connector.status) {
    case "Available":
      return "Free. Start from here, or plug in and present a card at the station.";
    case "Faulted":
      return "Out of order. Reset the station, or send somebody to look at it.";
    case "Unavailable":
      return "Not in operation.";
    case "Unknown":
      return "The station has not told the status of this connector yet.";
    case "Charging":
    case "SuspendedEV":
    case "SuspendedEVSE":
      return "The station says that it charges, but has not reported the transaction yet.";
    case "Reserved":
      return "Reserved for an ID token.";
    default:
      return "A cable is plugged in, but nothing is charging.";
  }
}

function sceneText(status: string, transaction: Transaction | null): string {
  const soc = transaction?.socPercent;
  return soc == null ? status : `${status}, battery at ${Math.round(soc)} percent`;
}

/** A remote start id that is new with all likelihood; 31 bits, as the schema's integers are. */
function newStartId(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random >>> 1;
}
