/** One transaction: what was charged, its curve, and every doubt about it in words. */

import type { ReactNode } from "react";
import type { Transaction as TransactionFacts } from "../api/types";
import { formatDateTime, formatEnergy, formatPercent, formatPower } from "../format";
import { useAllStations, useLive, useMeter } from "../live/hooks";
import type { MeterCurve } from "../live/meter";
import { Link, paths } from "../router";
import { Curve } from "../ui/curve";
import { Figure } from "../ui/figure";
import { BackIcon, FlagIcon } from "../ui/icons";
import { Notice, Skeleton } from "../ui/notice";
import { StatusPill } from "../ui/status";
import { Elapsed } from "../ui/time";
import { flagNote, stateText, stopReasonText } from "../words";
import { connectorName } from "./connector-card";
import styles from "./transaction.module.css";
import { stateMood } from "./transaction-list";

export function Transaction({ id }: { id: number }) {
  useAllStations();
  const curve = useMeter(id);
  const transaction = useLive((view) => view.transactions.get(id));
  const problem = useLive((view) => view.meterProblems.get(id));
  return (
    <div className={styles.screen}>
      <Link className={styles.back} href={paths.transactions()}>
        <BackIcon /> Transactions
      </Link>
      {problem !== undefined && (
        <Notice title={`Transaction ${id} cannot be shown`} isProblem>
          <p>{problem}</p>
        </Notice>
      )}
      {transaction !== undefined && <Content transaction={transaction} curve={curve} />}
      {transaction === undefined && problem === undefined && <Skeleton label="Loading the transaction" />}
    </div>
  );
}

function Content({ transaction, curve }: { transaction: TransactionFacts; curve: MeterCurve }) {
  const isOpen = transaction.state === "open";
  const { startedAt, endedAt } = transaction;
  const socs = curve.map((point) => point.socPercent).filter((soc) => soc !== null);
  return (
    <>
      <header className={styles.head}>
        <h1>Transaction {transaction.id}</h1>
        <StatusPill mood={stateMood(transaction)}>{stateText(transaction)}</StatusPill>
      </header>
      <dl className={styles.figures}>
        <Figure label="Energy" value={formatEnergy(transaction.energyWh)} unit="kWh" testId="energy-value" />
        <div className={styles.duration}>
          <dt>Duration</dt>
          <dd>{startedAt === null ? "–" : <Elapsed from={startedAt} to={endedAt} />}</dd>
        </div>
        {isOpen && <Figure label="Power" value={formatPower(transaction.powerW)} unit="kW" testId="power-value" />}
        {socs.length > 0 && (
          <Figure
            label="State of charge"
            value={`${formatPercent(socs[0] ?? null)} → ${formatPercent(socs.at(-1) ?? null)}`}
            unit="%"
            testId="soc-value"
          />
        )}
      </dl>
      {transaction.flags.length > 0 && <Flags flags={transaction.flags} />}
      <section className={styles.panel} aria-label="Meter curve">
        <Curve curve={curve} meterStartWh={transaction.meterStartWh} height={300} isLive={isOpen} />
      </section>
      <section aria-label="Facts">
        <Facts transaction={transaction} />
      </section>
    </>
  );
}

function Facts({ transaction }: { transaction: TransactionFacts }) {
  const { station, evseId, connectorId, idToken } = transaction;
  return (
    <dl className={styles.facts}>
      <Fact name="Station">
        <Link href={paths.station(station)}>{station}</Link>
      </Fact>
      <Fact name="Connector">{evseId === null ? "–" : connectorName({ evseId, connectorId: connectorId ?? 1 })}</Fact>
      <Fact name="ID token">{idToken === null ? "–" : <code>{idToken}</code>}</Fact>
      <Fact name="Started">{formatDateTime(transaction.startedAt)}</Fact>
      <Fact name="Ended">{transaction.state === "open" ? "Still running" : formatDateTime(transaction.endedAt)}</Fact>
      <Fact name="Reason of the end">{stopReasonText(transaction.stopReason)}</Fact>
      <Fact name="Meter at the start">{register(transaction.meterStartWh)}</Fact>
      <Fact name="Meter at the end">{register(transaction.meterStopWh)}</Fact>
      <Fact name="Id in OCPP">
        <code>{transaction.transactionId}</code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Flags({ flags }: { flags: readonly string[] }) {
  return (
    <ul className={styles.flags} aria-label="What is doubtful about this transaction">
      {flags.map((flag) => {
        const { title, text } = flagNote(flag);
        return (
          <li key={flag}>
            <FlagIcon />
            <div>
              <strong>{title}</strong>
              <p>{text}</p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function register(wattHours: number | null): string {
  return wattHours === null ? "–" : `${(wattHours / 1000).toFixed(3)} kWh`;
}
