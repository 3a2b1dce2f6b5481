/** A filtered list of transactions that was loaded page by page, kept up to date by live ones. Pure. */

import type { Page, Transaction } from "../api/types";

export interface TransactionFilter {
  readonly station: string | null;
  readonly state: "open" | "ended" | null;
}

/** Puts live transactions over the loaded rows, newest first; what no longer fits the filter leaves. */
export function mergeTransactions(
  loaded: Page<Transaction>,
  live: ReadonlyMap<number, Transaction>,
  filter: TransactionFilter,
): readonly Transaction[] {
  const byId = new Map(loaded.items.map((row) => [row.id, row]));
  const oldest =
    loaded.next === null ? Number.NEGATIVE_INFINITY : (loaded.items.at(-1)?.id ?? Number.POSITIVE_INFINITY);
  for (const transaction of live.values()) {
    // What is older than the last page loaded comes with its own page.
    if (transaction.id >= oldest) {
      byId.set(transaction.id, transaction);
    }
  }
  return [...byId.values()].filter((transaction) => matches(transaction, filter)).sort((a, b) => b.id - a.id);
}

function matches(transaction: Transaction, { station, state }: TransactionFilter): boolean {
  const isOpen = transaction.state === "open";
  return (station === null || transaction.station === station) && (state === null || (state === "open") === isOpen);
}
