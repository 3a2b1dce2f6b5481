import { expect, test } from "vitest";
import { transaction } from "./fixtures";
import { mergeTransactions } from "./transaction-list";

const ANY = { station: null, state: null } as const;

function live(...transactions: ReturnType<typeof transaction>[]) {
  return new Map(transactions.map((known) => [known.id, known]));
}

test("a live transaction replaces its row", () => {
  const page = { items: [transaction(2), transaction(1)], next: null };
  const merged = mergeTransactions(page, live(transaction(2, { energyWh: 900 })), ANY);
  expect(merged.map(({ id, energyWh }) => [id, energyWh])).toEqual([
    [2, 900],
    [1, 0],
  ]);
});

test("a new transaction comes first", () => {
  const merged = mergeTransactions({ items: [transaction(1)], next: null }, live(transaction(2)), ANY);
  expect(merged.map(({ id }) => id)).toEqual([2, 1]);
});

test("one that no longer fits the filter leaves", () => {
  const page = { items: [transaction(2), transaction(1)], next: null };
  const ended = live(transaction(2, { state: "inferredEnded" }));
  expect(mergeTransactions(page, ended, { station: null, state: "open" }).map(({ id }) => id)).toEqual([1]);
  expect(mergeTransactions(page, ended, { station: null, state: "ended" }).map(({ id }) => id)).toEqual([2]);
});

test("live transactions of other stations stay out", () => {
  const other = live(transaction(3, { station: "CP002" }));
  expect(mergeTransactions({ items: [], next: null }, other, { station: "CP001", state: null })).toEqual([]);
});

test("what belongs to a page not loaded yet does not appear before its time", () => {
  const page = { items: [transaction(9), transaction(8)], next: "cursor" };
  expect(mergeTransactions(page, live(transaction(3), transaction(10)), ANY).map(({ id }) => id)).toEqual([10, 9, 8]);
});
