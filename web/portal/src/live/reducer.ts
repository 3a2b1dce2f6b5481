/**
 * What live events do to the stations, transactions and meter curves the portal knows. Pure.
 *
 * Events carry absolute values, so applying one again, or on top of a snapshot that already holds it, is harmless.
 */

import type { Connector, ConnectorFacts, LiveEvent, MeterSample, Station, Transaction } from "../api/types";
import { type MeterCurve, mergeMeter } from "./meter";

/** Ended transactions that stay at hand; older ones are a request away. */
const ENDED_KEPT = 200;
const IDENTITY_ORDER = new Intl.Collator("en", { numeric: true });
/** Of a connector that took part in something before it told its status. */
const UNKNOWN_STATUS = "Unknown";

export interface LiveState {
  /** By identity, in the order people expect: CP2 before CP10. */
  readonly stations: ReadonlyMap<string, Station>;
  readonly transactions: ReadonlyMap<number, Transaction>;
  /** Curves of the transactions somebody looks at; samples of others are not kept. */
  readonly meters: ReadonlyMap<number, MeterCurve>;
  /** Stations that events named and no snapshot held: to be loaded. */
  readonly unknown: ReadonlySet<string>;
}

export const EMPTY_STATE: LiveState = {
  stations: new Map(),
  transactions: new Map(),
  meters: new Map(),
  unknown: new Set(),
};

/** Applies a batch; what did not change keeps its identity, so that views of it do not render again. */
export function applyEvents(state: LiveState, events: readonly LiveEvent[]): LiveState {
  if (events.length === 0) {
    return state;
  }
  const draft = new Draft(state);
  for (const event of events) {
    applyEvent(draft, event);
  }
  return draft.finish();
}

/** Replaces everything but what is looked at by a snapshot of all stations and their open transactions. */
export function replaceAll(
  state: LiveState,
  stations: readonly Station[],
  open: readonly Transaction[],
  events: readonly LiveEvent[],
): LiveState {
  const snapshot: LiveState = {
    stations: stationsInOrder(stations),
    transactions: new Map([
      ...[...state.transactions].filter(([id]) => state.meters.has(id)),
      ...open.map((transaction) => [transaction.id, transaction] as const),
    ]),
    meters: state.meters,
    unknown: new Set(),
  };
  return applyEvents(snapshot, events);
}

/** Replaces one station and its open transactions, then replays what happened since they were asked for. */
export function replaceStation(
  state: LiveState,
  station: Station,
  open: readonly Transaction[],
  events: readonly LiveEvent[],
): LiveState {
  const others = [...state.transactions].filter(
    ([, known]) => known.station !== station.identity || known.state !== "open",
  );
  const snapshot: LiveState = {
    stations: state.stations.has(station.identity)
      ? new Map(state.stations).set(station.identity, station)
      : stationsInOrder([...state.stations.values(), station]),
    transactions: new Map([...others, ...open.map((transaction) => [transaction.id, transaction] as const)]),
    meters: state.meters,
    unknown: new Set([...state.unknown].filter((identity) => identity !== station.identity)),
  };
  return applyEvents(
    snapshot,
    events.filter((event) => event.station === station.identity),
  );
}

/** A station the server does not know (any more). */
export function removeStation(state: LiveState, identity: string): LiveState {
  const stations = new Map(state.stations);
  stations.delete(identity);
  return { ...state, stations, unknown: new Set([...state.unknown].filter((other) => other !== identity)) };
}

/** The transaction a connector is busy with, if any. */
export function runningTransaction(state: LiveState, connector: Connector): Transaction | null {
  if (connector.transactionId === null) {
    return null;
  }
  const transaction = state.transactions.get(connector.transactionId);
  return transaction?.state === "open" ? transaction : null;
}

function applyEvent(draft: Draft, event: LiveEvent): void {
  switch (event.type) {
    case "station.connected":
      draft.heard(event, (station) => ({
        ...station,
        connected: true,
        protocol: event.data.protocol ?? station.protocol,
        connectedAt: event.at,
      }));
      break;
    case "station.disconnected":
      draft.station(event, (station) => ({ ...station, connected: false, connectedAt: null }));
      break;
    case "station.registered":
      draft.station(event, (station) => ({ ...station, registration: event.data.registration }));
      break;
    case "station.booted":
      draft.heard(event, (station) => ({ ...station, ...event.data }));
      break;
    case "station.heartbeat":
    case "station.notification":
    case "message.orphaned":
      draft.heard(event);
      break;
    case "connector.status":
      draft.heard(event, (station) => withConnectorStatus(station, event.data, event.at));
      break;
    case "transaction.started":
    case "transaction.updated":
    case "transaction.ended":
      draft.transaction(event.data.transaction);
      draft.heard(event, (station) => withTransaction(station, event.data.transaction));
      break;
    case "meter.values":
      draft.sample(event.data);
      draft.heard(event);
      break;
    default:
      // A newer server may tell more than this portal knows.
      event satisfies never;
  }
}

/** Collects the changes of a batch; a map is copied once, when it first changes. */
class Draft {
  readonly #state: LiveState;
  #stations: Map<string, Station> | null = null;
  #transactions: Map<number, Transaction> | null = null;
  readonly #samples = new Map<number, MeterSample[]>();
  readonly #unknown = new Set<string>();

  constructor(state: LiveState) {
    this.#state = state;
  }

  station(event: LiveEvent, change: (station: Station) => Station): void {
    const stations = this.#stations ?? new Map(this.#state.stations);
    this.#stations = stations;
    const station = stations.get(event.station);
    if (station === undefined) {
      this.#unknown.add(event.station);
      return;
    }
    stations.set(event.station, change(station));
  }

  /** Changes a station by something it said itself, which is a sign of life. */
  heard(event: LiveEvent, change: (station: Station) => Station = (station) => station): void {
    this.station(event, (station) => ({ ...change(station), lastSeenAt: later(station.lastSeenAt, event.at) }));
  }

  transaction(transaction: Transaction): void {
    this.#transactions ??= new Map(this.#state.transactions);
    this.#transactions.set(transaction.id, transaction);
  }

  sample(sample: MeterSample): void {
    if (sample.transactionId === null) {
      return;
    }
    if (this.#state.meters.has(sample.transactionId)) {
      const samples = this.#samples.get(sample.transactionId) ?? [];
      samples.push(sample);
      this.#samples.set(sample.transactionId, samples);
    }
    const transaction = (this.#transactions ?? this.#state.transactions).get(sample.transactionId);
    if (transaction?.state === "open") {
      this.transaction(withSample(transaction, sample));
    }
  }

  finish(): LiveState {
    const { stations, transactions, meters, unknown } = this.#state;
    return {
      stations: this.#stations ?? stations,
      transactions: this.#transactions === null ? transactions : withoutOldest(this.#transactions, meters),
      meters: this.#samples.size === 0 ? meters : this.#mergedMeters(),
      unknown: this.#unknown.size === 0 ? unknown : new Set([...unknown, ...this.#unknown]),
    };
  }

  #mergedMeters(): ReadonlyMap<number, MeterCurve> {
    const meters = new Map(this.#state.meters);
    for (const [id, samples] of this.#samples) {
      meters.set(id, mergeMeter(meters.get(id) ?? [], samples));
    }
    return meters;
  }
}

function withConnectorStatus(station: Station, facts: ConnectorFacts, at: string): Station {
  if (facts.evseId === 0) {
    // Connector or EVSE 0 is the station itself.
    return station;
  }
  const { evseId, connectorId, status, errorCode } = facts;
  const known = station.connectors.find((other) => other.evseId === evseId && other.connectorId === connectorId);
  const connector = { ...(known ?? { transactionId: null }), evseId, connectorId, status, errorCode, statusAt: at };
  return { ...station, connectors: inOrder([...station.connectors.filter((other) => other !== known), connector]) };
}

function stationsInOrder(stations: readonly Station[]): ReadonlyMap<string, Station> {
  const sorted = [...stations].sort((a, b) => IDENTITY_ORDER.compare(a.identity, b.identity));
  return new Map(sorted.map((station) => [station.identity, station]));
}

/** Ties a running transaction to its connector and unties an ended one. */
function withTransaction(station: Station, transaction: Transaction): Station {
  const isRunning = transaction.state === "open";
  const connectors = connectorsWithPlaceOf(station, transaction).map((connector) => {
    if (isRunning && isConnectorOf(transaction, connector)) {
      return { ...connector, transactionId: transaction.id };
    }
    if (!isRunning && connector.transactionId === transaction.id) {
      return { ...connector, transactionId: null };
    }
    return connector;
  });
  return { ...station, connectors };
}

/** A transaction may be the first that is heard of a connector. */
function connectorsWithPlaceOf(station: Station, transaction: Transaction): readonly Connector[] {
  const { evseId, connectorId } = transaction;
  const isKnown = station.connectors.some((connector) => isConnectorOf(transaction, connector));
  if (isKnown || evseId === null || evseId === 0 || transaction.state !== "open") {
    return station.connectors;
  }
  const place = { evseId, connectorId: connectorId ?? 1 };
  return inOrder([
    ...station.connectors,
    { ...place, status: UNKNOWN_STATUS, errorCode: null, statusAt: null, transactionId: null },
  ]);
}

function isConnectorOf(transaction: Transaction, connector: Connector): boolean {
  return (
    transaction.evseId === connector.evseId &&
    (transaction.connectorId === null || transaction.connectorId === connector.connectorId)
  );
}

function inOrder(connectors: readonly Connector[]): readonly Connector[] {
  return [...connectors].sort((a, b) => a.evseId - b.evseId || a.connectorId - b.connectorId);
}

function withSample(transaction: Transaction, sample: MeterSample): Transaction {
  const { meterStartWh } = transaction;
  const isProgress = sample.energyWh !== null && meterStartWh !== null && sample.energyWh >= meterStartWh;
  return {
    ...transaction,
    energyWh: isProgress ? sample.energyWh - meterStartWh : transaction.energyWh,
    powerW: sample.powerW ?? transaction.powerW,
    socPercent: sample.socPercent ?? transaction.socPercent,
  };
}

function withoutOldest(
  transactions: Map<number, Transaction>,
  watched: ReadonlyMap<number, MeterCurve>,
): Map<number, Transaction> {
  const ended = [...transactions.values()].filter(({ id, state }) => state !== "open" && !watched.has(id));
  const excess = ended.sort((a, b) => b.id - a.id).slice(ENDED_KEPT);
  for (const transaction of excess) {
    transactions.delete(transaction.id);
  }
  return transactions;
}

function later(known: string | null, at: string): string {
  return known !== null && Date.parse(known) > Date.parse(at) ? known : at;
}
