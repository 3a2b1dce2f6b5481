/** A list of transactions, loaded page by page and kept live. */

import { useCallback, useEffect, useMemo, useState } from "react";
import type { Page, Transaction } from "../api/types";
import { formatDateTime, formatEnergy } from "../format";
import { useLive, useRest } from "../live/hooks";
import { mergeTransactions, type TransactionFilter } from "../live/transaction-list";
import { Link, paths } from "../router";
import { Button } from "../ui/button";
import { FlagIcon } from "../ui/icons";
import { Notice, Skeleton } from "../ui/notice";
import { StatusPill } from "../ui/status";
import { Elapsed } from "../ui/time";
import { flagNote, type Mood, stateText } from "../words";
import styles from "./transaction-list.module.css";

interface TransactionListProps extends TransactionFilter {
  readonly limit: number;
  /** Offer what lies beyond the first page. */
  readonly hasMore?: boolean;
}

/** Give it a key that changes with the filter: each filter is a list of its own. */
export function TransactionList({ station, state, limit, hasMore = false }: TransactionListProps) {
  const { loaded, problem, isLoading, loadMore } = usePages({ station, state }, limit);
  const live = useLive((view) => view.transactions);
  const merged = useMemo(
    () => (loaded === null ? [] : mergeTransactions(loaded, live, { station, state })),
    [loaded, live, station, state],
  );
  if (problem !== null) {
    return (
      <Notice title="The transactions could not be loaded" isProblem>
        <p>{problem}</p>
        <Button onClick={loadMore}>Try again</Button>
      </Notice>
    );
  }
  if (loaded === null) {
    return <Skeleton label="Loading transactions" rows={2} />;
  }
  if (merged.length === 0) {
    return (
      <Notice title="No transactions here">
        <p>{emptyText({ station, state })}</p>
      </Notice>
    );
  }
  return (
    <>
      <TransactionTable transactions={hasMore ? merged : merged.slice(0, limit)} showsStation={station === null} />
      {hasMore && loaded.next !== null && (
        <Button className={styles.more} isBusy={isLoading} onClick={loadMore} data-testid="load-more">
          Load more
        </Button>
      )}
    </>
  );
}

interface TransactionTableProps {
  readonly transactions: readonly Transaction[];
  readonly showsStation: boolean;
}

function TransactionTable({ transactions, showsStation }: TransactionTableProps) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">No.</th>
          {showsStation && <th scope="col">Station</th>}
          <th scope="col">Connector</th>
          <th scope="col">ID token</th>
          <th scope="col">Started</th>
          <th scope="col" className={styles.number}>
            Duration
          </th>
          <th scope="col" className={styles.number}>
            Energy
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {transactions.map((transaction) => (
          <TransactionRow key={transaction.id} transaction={transaction} showsStation={showsStation} />
        ))}
      </tbody>
    </table>
  );
}

function TransactionRow({ transaction, showsStation }: { transaction: Transaction; showsStation: boolean }) {
  const { id, startedAt, endedAt, flags } = transaction;
  return (
    <tr data-testid="transaction-row" data-transaction={id} data-state={transaction.state}>
      <td className={styles.id}>
        <Link href={paths.transaction(id)} aria-label={`Transaction ${id}`}>
          {id}
        </Link>
      </td>
      {showsStation && <td className={styles.station}>{transaction.station}</td>}
      <td className={styles.place}>
        <span className={styles.inline}>Connector </span>
        {transaction.evseId ?? "–"}
      </td>
      <td className={styles.token}>
        <code>{transaction.idToken ?? "–"}</code>
      </td>
      <td className={styles.started}>{formatDateTime(startedAt)}</td>
      <td className={styles.number}>{startedAt === null ? "–" : <Elapsed from={startedAt} to={endedAt} />}</td>
      <td className={`${styles.number} ${styles.energy}`}>{formatEnergy(transaction.energyWh)} kWh</td>
      <td className={styles.state}>
        <StatusPill mood={stateMood(transaction)}>{stateText(transaction)}</StatusPill>
        {flags.length > 0 && (
          <span className={styles.flags} title={flags.map((flag) => flagNote(flag).title).join(", ")}>
            <FlagIcon />
            <span className="visually-hidden">{flags.length} flags</span>
          </span>
        )}
      </td>
    </tr>
  );
}

export function stateMood(transaction: Transaction): Mood {
  switch (transaction.state) {
    case "open":
      return transaction.chargingState === null || transaction.chargingState === "Charging" ? "charging" : "busy";
    case "ended":
      return "out";
    case "inferredEnded":
      return "busy";
  }
}

/** Loads pages of a list, one after the other; the filter must stay the same for the life of the component. */
function usePages({ station, state }: TransactionFilter, limit: number) {
  const rest = useRest();
  const [loaded, setLoaded] = useState<Page<Transaction> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isLoading, setIsLoading] = useState(false);

  const load = useCallback(
    async (before: Page<Transaction> | null) => {
      setIsLoading(true);
      setProblem(null);
      try {
        const page = await rest.listTransactions({
          limit,
          ...(station !== null && { station }),
          ...(state !== null && { state }),
          ...(before?.next != null && { cursor: before.next }),
        });
        setLoaded({ items: [...(before?.items ?? []), ...page.items], next: page.next });
      } catch (error) {
        setProblem((error as Error).message);
      }
      setIsLoading(false);
    },
    [rest, limit, station, state],
  );

  useEffect(() => {
    void load(null);
  }, [load]);

  return { loaded, problem, isLoading, loadMore: () => void load(loaded) };
}

function emptyText({ station, state }: TransactionFilter): string {
  const where = station === null ? "" : ` on ${station}`;
  switch (state) {
    case "open":
      return `Nothing is charging${where} right now.`;
    case "ended":
      return `No transaction has ended${where} yet.`;
    case null:
      return `The first transaction${where} appears here as soon as charging begins.`;
  }
}
