/** Commands of an operator in the words of each OCPP version, and what their answers mean to people. Pure. */

import type { CommandOutcome, CommandPayload, Connector, Station, Transaction } from "./api/types";
import { formatEnumeration } from "./format";

export interface Order {
  readonly action: string;
  readonly payload: CommandPayload;
}

export interface Explanation {
  readonly tone: "good" | "warning" | "bad";
  readonly title: string;
  readonly next: string;
}

type Place = Pick<Connector, "evseId" | "connectorId">;

export const RESET_KINDS = {
  v16: [
    { type: "Soft", label: "Soft reset", hint: "Ends transactions properly, then restarts" },
    { type: "Hard", label: "Hard reset", hint: "Restarts at once, like a power cut" },
  ],
  v2: [
    { type: "OnIdle", label: "Reset when idle", hint: "Waits until no transaction is running" },
    { type: "Immediate", label: "Reset now", hint: "Ends transactions, then restarts" },
  ],
} as const;

export const TRIGGERS = {
  v16: ["StatusNotification", "MeterValues", "Heartbeat", "BootNotification", "FirmwareStatusNotification"],
  v2: ["StatusNotification", "MeterValues", "TransactionEvent", "Heartbeat", "BootNotification"],
} as const;

/** Statuses of a connector in which a start makes no sense. A cable may be plugged after the start, so "Available" is fine. */
const NOT_STARTABLE = new Set(["Faulted", "Unavailable"]);

/** OCPP 1.6 and the 2.x family name and shape their commands differently. */
export function family(station: Pick<Station, "protocol">): "v16" | "v2" {
  return station.protocol === "ocpp1.6" ? "v16" : "v2";
}

export function start(station: Station, connector: Place, idToken: string, remoteStartId: number): Order {
  switch (family(station)) {
    case "v16":
      return { action: "RemoteStartTransaction", payload: { connectorId: connector.evseId, idTag: idToken } };
    case "v2":
      return {
        action: "RequestStartTransaction",
        payload: { evseId: connector.evseId, remoteStartId, idToken: { idToken, type: "Central" } },
      };
  }
}

export function stop(station: Station, transaction: Transaction): Order {
  switch (family(station)) {
    case "v16":
      return {
        action: "RemoteStopTransaction",
        payload: { transactionId: Number(transaction.transactionId) },
      };
    case "v2":
      return { action: "RequestStopTransaction", payload: { transactionId: transaction.transactionId } };
  }
}

export function reset(type: string): Order {
  return { action: "Reset", payload: { type } };
}

export function unlock(station: Station, connector: Place): Order {
  const { evseId, connectorId } = connector;
  switch (family(station)) {
    case "v16":
      return { action: "UnlockConnector", payload: { connectorId: evseId } };
    case "v2":
      return { action: "UnlockConnector", payload: { evseId, connectorId } };
  }
}

/** Puts a connector, or the whole station when none is named, in or out of operation. */
export function changeAvailability(station: Station, connector: Place | null, isOperative: boolean): Order {
  const status = isOperative ? "Operative" : "Inoperative";
  switch (family(station)) {
    case "v16":
      return { action: "ChangeAvailability", payload: { connectorId: connector?.evseId ?? 0, type: status } };
    case "v2": {
      const evse = connector === null ? {} : { evse: { id: connector.evseId, connectorId: connector.connectorId } };
      return { action: "ChangeAvailability", payload: { operationalStatus: status, ...evse } };
    }
  }
}

export function trigger(message: string): Order {
  return { action: "TriggerMessage", payload: { requestedMessage: message } };
}

/** Why a start cannot be sent now, or null when it can. */
export function startObstacle(station: Station, connector: Connector, idToken: string): string | null {
  if (!station.connected) {
    return "The station is offline.";
  }
  if (station.registration !== "Accepted") {
    return "Admit the station first.";
  }
  if (NOT_STARTABLE.has(connector.status)) {
    return `The connector is ${connector.status.toLowerCase()}.`;
  }
  if (idToken.trim() === "") {
    return "Enter an ID token first.";
  }
  return null;
}

/** Says what became of a command, and what to do next. */
export function explain(station: string, order: Order, outcome: CommandOutcome): Explanation {
  const name = formatEnumeration(order.action);
  switch (outcome.type) {
    case "result":
      return explainResult(station, order.action, name, outcome.payload);
    case "error":
      return {
        tone: "bad",
        title: `${name}: ${outcome.code}`,
        next: [outcome.description, afterError(outcome.code)].filter((text) => text !== "").join(" "),
      };
    case "failure":
      return {
        tone: "bad",
        title: `${name} was not carried out`,
        next: [outcome.detail ?? outcome.title ?? "", afterFailure(outcome.status)]
          .filter((text) => text !== "")
          .join(" "),
      };
  }
}

function explainResult(station: string, action: string, name: string, payload: CommandPayload): Explanation {
  const status = typeof payload.status === "string" ? payload.status : "Accepted";
  switch (status) {
    case "Accepted":
      return { tone: "good", title: `${station} accepted`, next: AFTER_ACCEPTED[action] ?? `${name} is done.` };
    case "Unlocked":
      return { tone: "good", title: `${station} unlocked the connector`, next: "The cable can be taken out." };
    case "Scheduled":
      return {
        tone: "good",
        title: `${station} will do it later`,
        next: "It waits until the running transaction has ended.",
      };
    default:
      return {
        tone: "warning",
        title: `${station} answered ${formatEnumeration(status)}`,
        next: AFTER_STATUS[status] ?? AFTER_REJECTED[action] ?? "The frame log shows the whole answer.",
      };
  }
}

const AFTER_ACCEPTED: Readonly<Record<string, string>> = {
  RemoteStartTransaction: "Charging begins once the station reports it; plug in the cable if it is not in yet.",
  RequestStartTransaction: "Charging begins once the station reports it; plug in the cable if it is not in yet.",
  RemoteStopTransaction: "The transaction ends once the station reports its last meter value.",
  RequestStopTransaction: "The transaction ends once the station reports its last meter value.",
  Reset: "It will go offline and come back by itself.",
  ChangeAvailability: "The status of the connector follows in a moment.",
  TriggerMessage: "The message appears in the frame log.",
};

const AFTER_REJECTED: Readonly<Record<string, string>> = {
  RemoteStartTransaction: "Check that the connector is free, the cable is in, and the ID token is known.",
  RequestStartTransaction: "Check that the connector is free, the cable is in, and the ID token is known.",
  RemoteStopTransaction: "The station does not know this transaction as running. Ask it for its status.",
  RequestStopTransaction: "The station does not know this transaction as running. Ask it for its status.",
  Reset: "A transaction may be running: stop it, then try again.",
  ChangeAvailability: "The station keeps its state. Look at its status before you try again.",
  TriggerMessage: "The station will not send this message now.",
};

const AFTER_STATUS: Readonly<Record<string, string>> = {
  UnlockFailed: "The lock may be jammed: somebody has to look at it.",
  NotSupported: "This station cannot do it from afar.",
  NotImplemented: "This station does not know the message.",
  OngoingAuthorizedTransaction: "Stop the transaction first, then unlock.",
  UnknownConnector: "The station has no such connector.",
};

function afterError(code: string): string {
  switch (code) {
    case "NotImplemented":
    case "NotSupported":
      return "This station does not support the command.";
    case "InternalError":
      return "The station failed inside. Try again, or reset it.";
    case "SecurityError":
      return "The station refuses it for security reasons, for example before it is admitted.";
    default:
      return "The frame log shows the whole answer.";
  }
}

function afterFailure(status: number): string {
  switch (status) {
    case 0:
      return "Try again when the connection is back.";
    case 409:
      return "Try again when the station is connected.";
    case 502:
      return "Look at its status when it is back: the command may have had its effect.";
    case 504:
      return "It may still act on it: watch the status before you try again.";
    default:
      return "";
  }
}
