/** Values the tests of this folder start from. */

import type { Connector, Frame, LiveEvent, Station, Transaction } from "../api/types";

export const NOON = "2025-11-21T12:00:00.000Z";

export function connector(values: Partial<Connector> = {}): Connector {
  return {
    evseId: 1,
    connectorId: 1,
    status: "Available",
    errorCode: null,
    statusAt: NOON,
    transactionId: null,
    ...values,
  };
}

export function station(identity: string, values: Partial<Station> = {}): Station {
  return {
    identity,
    connected: true,
    registration: "Accepted",
    protocol: "ocpp1.6",
    vendor: "Acme",
    model: "Wallbox",
    serialNumber: null,
    firmwareVersion: null,
    lastSeenAt: NOON,
    connectedAt: NOON,
    connectors: [connector()],
    ...values,
  };
}

export function transaction(id: number, values: Partial<Transaction> = {}): Transaction {
  return {
    id,
    station: "CP001",
    evseId: 1,
    connectorId: 1,
    transactionId: String(id),
    idToken: "TAG",
    state: "open",
    chargingState: null,
    startedAt: NOON,
    endedAt: null,
    stopReason: null,
    meterStartWh: 1000,
    meterStopWh: null,
    energyWh: 0,
    powerW: null,
    socPercent: null,
    flags: [],
    ...values,
  };
}

/** The instant so many seconds after noon. */
export function secondsLater(seconds: number): string {
  return new Date(Date.parse(NOON) + seconds * 1000).toISOString();
}

type Head = "cursor" | "at" | "station";

export function event(cursor: number, body: Omit<LiveEvent, Head> & { station?: string }): LiveEvent {
  return { station: "CP001", ...body, cursor, at: secondsLater(cursor) } as LiveEvent;
}

export function meterEvent(cursor: number, transactionId: number, energyWh: number): LiveEvent {
  const values = { powerW: 7400, socPercent: 40, currentA: null, voltageV: null };
  return event(cursor, {
    type: "meter.values",
    data: { evseId: 1, connectorId: 1, transactionId, at: secondsLater(cursor), energyWh, ...values },
  });
}

export function frame(seq: number, direction: Frame["direction"], text: string, values: Partial<Frame> = {}): Frame {
  const at = new Date(Date.parse(NOON) + seq * 10).toISOString();
  return { epoch: "a", seq, at, station: "CP001", direction, text, ...values };
}
