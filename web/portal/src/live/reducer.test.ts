import { describe, expect, test } from "vitest";
import type { LiveEvent } from "../api/types";
import { connector, event, meterEvent, NOON, secondsLater, station, transaction } from "./fixtures";
import { applyEvents, EMPTY_STATE, type LiveState, removeStation, replaceAll, replaceStation } from "./reducer";

const KNOWN: LiveState = replaceAll(EMPTY_STATE, [station("CP001"), station("CP002")], [], []);

function started(cursor: number, values: Parameters<typeof transaction>[1] = {}): LiveEvent {
  return event(cursor, { type: "transaction.started", data: { transaction: transaction(7, values) } });
}

function ended(cursor: number): LiveEvent {
  const closed = transaction(7, { state: "ended", endedAt: secondsLater(cursor), energyWh: 500 });
  return event(cursor, { type: "transaction.ended", data: { transaction: closed } });
}

function status(cursor: number, name: string, evseId = 1): LiveEvent {
  return event(cursor, {
    type: "connector.status",
    data: { evseId, connectorId: 1, status: name, errorCode: null },
  });
}

describe("stations", () => {
  test("a batch without events is the same state", () => {
    expect(applyEvents(KNOWN, [])).toBe(KNOWN);
  });

  test("an event of one station leaves the others as they were", () => {
    const next = applyEvents(KNOWN, [status(1, "Preparing")]);
    expect(next.stations.get("CP002")).toBe(KNOWN.stations.get("CP002"));
    expect(next.stations.get("CP001")?.connectors[0]?.status).toBe("Preparing");
  });

  test("a connection comes and goes", () => {
    const off = applyEvents(KNOWN, [event(1, { type: "station.disconnected", data: { code: 1006, reason: "" } })]);
    expect(off.stations.get("CP001")).toMatchObject({ connected: false, connectedAt: null });
    const on = applyEvents(off, [event(2, { type: "station.connected", data: { protocol: "ocpp2.0.1" } })]);
    expect(on.stations.get("CP001")).toMatchObject({
      connected: true,
      protocol: "ocpp2.0.1",
      connectedAt: secondsLater(2),
    });
  });

  test("a decision of an operator is no sign of life", () => {
    const data = { registration: "Rejected" } as const;
    const next = applyEvents(KNOWN, [event(60, { type: "station.registered", data })]);
    expect(next.stations.get("CP001")).toMatchObject({ registration: "Rejected", lastSeenAt: NOON });
  });

  test("every message is a sign of life, and it never goes back", () => {
    const next = applyEvents(KNOWN, [
      event(60, { type: "station.heartbeat", data: {} }),
      event(30, { type: "station.notification", data: { action: "FirmwareStatusNotification" } }),
    ]);
    expect(next.stations.get("CP001")?.lastSeenAt).toBe(secondsLater(60));
  });

  test("a connector heard of for the first time is added in order", () => {
    const next = applyEvents(KNOWN, [status(1, "Available", 3), status(2, "Faulted", 2)]);
    expect(next.stations.get("CP001")?.connectors.map((known) => known.evseId)).toEqual([1, 2, 3]);
  });

  test("connector 0 is the station itself and is not listed", () => {
    const next = applyEvents(KNOWN, [status(1, "Unavailable", 0)]);
    expect(next.stations.get("CP001")?.connectors).toHaveLength(1);
  });

  test("a station no snapshot held is remembered for loading", () => {
    const next = applyEvents(KNOWN, [
      event(1, { station: "NEW", type: "station.connected", data: { protocol: null } }),
    ]);
    expect([...next.unknown]).toEqual(["NEW"]);
    expect(next.stations.has("NEW")).toBe(false);
    expect(removeStation(next, "NEW").unknown.size).toBe(0);
  });

  test("an event type of a newer server is passed over", () => {
    const foreign = { cursor: 1, at: NOON, station: "CP001", type: "firmware.status", data: {} };
    expect(applyEvents(KNOWN, [foreign as unknown as LiveEvent]).stations).toBe(KNOWN.stations);
  });
});

describe("transactions", () => {
  test("a start ties the transaction to its connector, the end unties it", () => {
    const running = applyEvents(KNOWN, [started(1)]);
    expect(running.stations.get("CP001")?.connectors[0]?.transactionId).toBe(7);
    const over = applyEvents(running, [ended(2)]);
    expect(over.stations.get("CP001")?.connectors[0]?.transactionId).toBeNull();
    expect(over.transactions.get(7)).toMatchObject({ state: "ended", energyWh: 500 });
  });

  test("without a connector the EVSE decides", () => {
    const running = applyEvents(KNOWN, [started(1, { connectorId: null })]);
    expect(running.stations.get("CP001")?.connectors[0]?.transactionId).toBe(7);
  });

  test("a transaction may be the first that is heard of a connector", () => {
    const running = applyEvents(KNOWN, [started(1, { evseId: 2, connectorId: null })]);
    expect(running.stations.get("CP001")?.connectors[1]).toMatchObject({
      evseId: 2,
      status: "Unknown",
      transactionId: 7,
    });
  });

  test("a sample moves energy, power and state of charge", () => {
    const next = applyEvents(KNOWN, [started(1), meterEvent(2, 7, 1250)]);
    expect(next.transactions.get(7)).toMatchObject({ energyWh: 250, powerW: 7400, socPercent: 40 });
  });

  test("a register below the start value does not turn energy negative", () => {
    const next = applyEvents(KNOWN, [started(1), meterEvent(2, 7, 10)]);
    expect(next.transactions.get(7)?.energyWh).toBe(0);
  });

  test("a late sample does not reopen what ended", () => {
    const next = applyEvents(KNOWN, [started(1), ended(2), meterEvent(3, 7, 9000)]);
    expect(next.transactions.get(7)?.energyWh).toBe(500);
  });

  test("only watched transactions keep a curve", () => {
    const watched = { ...KNOWN, meters: new Map([[7, []]]) };
    const next = applyEvents(watched, [meterEvent(1, 7, 1100), meterEvent(2, 8, 1200), meterEvent(3, 7, 1300)]);
    expect(next.meters.get(7)?.map((point) => point.energyWh)).toEqual([1100, 1300]);
    expect(next.meters.has(8)).toBe(false);
  });

  test("ended transactions do not pile up, but one that is looked at stays", () => {
    const watched = { ...KNOWN, meters: new Map([[5, []]]) };
    const many = Array.from({ length: 300 }, (_, index) =>
      event(index, { type: "transaction.ended", data: { transaction: transaction(index, { state: "ended" }) } }),
    );
    const next = applyEvents(watched, many);
    expect(next.transactions.size).toBe(201);
    expect(next.transactions.has(5)).toBe(true);
    expect(next.transactions.has(299)).toBe(true);
    expect(next.transactions.has(0)).toBe(false);
  });
});

describe("snapshots", () => {
  const HISTORY = [
    status(1, "Preparing"),
    started(2),
    status(3, "Charging"),
    meterEvent(4, 7, 1100),
    meterEvent(5, 7, 1300),
    ended(6),
    status(7, "Available"),
  ];

  test("replaying a batch ends in the same state", () => {
    const once = applyEvents({ ...KNOWN, meters: new Map([[7, []]]) }, HISTORY);
    expect(applyEvents(once, HISTORY)).toEqual(once);
  });

  test("a snapshot taken in the middle converges with the events around it", () => {
    const expected = applyEvents(KNOWN, HISTORY);
    for (let taken = 0; taken <= HISTORY.length; taken += 1) {
      const server = applyEvents(KNOWN, HISTORY.slice(0, taken));
      const open = [...server.transactions.values()].filter((known) => known.state === "open");
      const merged = replaceAll(EMPTY_STATE, [...server.stations.values()], open, HISTORY);
      expect(merged.stations).toEqual(expected.stations);
      expect(merged.transactions).toEqual(expected.transactions);
    }
  });

  test("a snapshot keeps the ended transaction that is looked at", () => {
    const watched = { ...applyEvents(KNOWN, [started(1), ended(2)]), meters: new Map([[7, []]]) };
    expect(replaceAll(watched, [], [], []).transactions.has(7)).toBe(true);
    expect(replaceAll({ ...watched, meters: new Map() }, [], [], []).transactions.has(7)).toBe(false);
  });

  test("the snapshot of one station leaves the others alone and is no longer unknown", () => {
    const before = { ...applyEvents(KNOWN, [started(1)]), unknown: new Set(["CP003"]) };
    const next = replaceStation(before, station("CP003", { connectors: [connector({ evseId: 2 })] }), [], HISTORY);
    expect(next.unknown.size).toBe(0);
    expect(next.stations.get("CP001")).toBe(before.stations.get("CP001"));
    expect(next.transactions.get(7)?.state).toBe("open");
  });

  test("stations are in the order people expect, also one that comes later", () => {
    const first = replaceAll(EMPTY_STATE, [station("CP10"), station("CP2")], [], []);
    const next = replaceStation(first, station("CP3"), [], []);
    expect([...next.stations.keys()]).toEqual(["CP2", "CP3", "CP10"]);
  });

  test("a transaction the server no longer calls open is dropped", () => {
    const before = applyEvents(KNOWN, [started(1)]);
    const next = replaceStation(before, station("CP001"), [], []);
    expect(next.transactions.has(7)).toBe(false);
    expect(next.stations.get("CP001")?.connectors[0]?.transactionId).toBeNull();
  });
});
