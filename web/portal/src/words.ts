/** Statuses, flags and reasons of OCPP and of the CSMS in words and colours. Pure. */

import type { Connector, Station, Transaction } from "./api/types";
import { formatEnumeration } from "./format";

/** The five moods of a connector; each has one colour and one look of its wire. */
export type Mood = "free" | "busy" | "charging" | "fault" | "out";

export interface Note {
  readonly title: string;
  readonly text: string;
}

/** The mood of a connector. What an offline station last said is not known to be true any more. */
export function moodOf(station: Pick<Station, "connected">, connector: Pick<Connector, "status">): Mood {
  if (!station.connected) {
    return "out";
  }
  switch (connector.status) {
    case "Available":
      return "free";
    case "Charging":
      return "charging";
    case "Faulted":
      return "fault";
    case "Unavailable":
    case "Unknown":
      return "out";
    default:
      return "busy";
  }
}

/** What a connector is doing: the charging state of a 2.x transaction says more than "Occupied". */
export function statusText(connector: Connector, transaction: Transaction | null): string {
  const { status } = connector;
  if (status === "Occupied" && transaction?.chargingState) {
    return formatEnumeration(transaction.chargingState);
  }
  return formatEnumeration(status);
}

/** Like {@link moodOf}, but knows that a 2.x connector "Occupied" by a charging transaction is charging. */
export function moodWith(station: Station, connector: Connector, transaction: Transaction | null): Mood {
  const mood = moodOf(station, connector);
  const isCharging = transaction?.chargingState === "Charging";
  return mood === "busy" && connector.status === "Occupied" && isCharging ? "charging" : mood;
}

export function flagNote(flag: string): Note {
  return FLAGS[flag] ?? { title: formatEnumeration(flag.replaceAll("_", " ")), text: "" };
}

export function stopReasonText(reason: string | null): string {
  if (reason === null) {
    return "–";
  }
  const words = STOP_REASONS[reason];
  return words === undefined ? formatEnumeration(reason) : words;
}

export function stateText(transaction: Transaction): string {
  switch (transaction.state) {
    case "open":
      return transaction.chargingState === null ? "Running" : formatEnumeration(transaction.chargingState);
    case "ended":
      return "Ended";
    case "inferredEnded":
      return "End inferred";
  }
}

const FLAGS: Readonly<Record<string, Note>> = {
  no_start: {
    title: "Start not reported",
    text: "The station has told about this transaction but not yet about its beginning. Energy counts from the first value known.",
  },
  gap: {
    title: "Messages missing",
    text: "Some messages between start and end have not arrived. A station may leave out meter values when it is short of memory; start and end are what counts.",
  },
  clock: {
    title: "Clock cannot be right",
    text: "The station gave a time that cannot be true. Times and duration of this transaction are doubtful; the energy is not.",
  },
  ended_twice: {
    title: "Ended twice",
    text: "The station reported two different ends. The first one holds.",
  },
  id_token_differs: {
    title: "Another ID token took part",
    text: "One ID token started the transaction, another one continued or stopped it.",
  },
  id_token_refused: {
    title: "ID token not accepted",
    text: "The station began although the ID token is not accepted here. It may have been offline and used its own list.",
  },
  meter_backwards: {
    title: "Meter ran backwards",
    text: "The meter fell during the transaction, as after a reset or an overflow. Do not bill it without a look at the curve.",
  },
  not_accepted: {
    title: "Station was not admitted",
    text: "The transaction began before an operator admitted the station.",
  },
  overlapping: {
    title: "Overlaps another transaction",
    text: "Another transaction was still open on the same connector. Its stop was lost, or is still on the way.",
  },
  seq_reused: {
    title: "Sequence number used twice",
    text: "Two different messages carry one sequence number. Both were kept.",
  },
};

const STOP_REASONS: Readonly<Record<string, string>> = {
  Local: "Stopped at the station",
  Remote: "Stopped from afar",
  EVDisconnected: "Cable pulled at the car",
  EmergencyStop: "Emergency stop",
  DeAuthorized: "ID token no longer accepted",
  PowerLoss: "Power loss",
  HardReset: "Hard reset",
  SoftReset: "Soft reset",
  ImmediateReset: "Immediate reset",
  UnlockCommand: "Unlocked by command",
  StoppedByEV: "Stopped by the car",
  SOCLimitReached: "State of charge reached its limit",
  EnergyLimitReached: "Energy limit reached",
  TimeLimitReached: "Time limit reached",
  MasterPass: "Master pass",
};
