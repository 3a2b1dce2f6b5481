/** Shapes of the REST API and of the live stream, as they travel. */

export type Protocol = "ocpp1.6" | "ocpp2.0.1" | "ocpp2.1";
export type Registration = "Accepted" | "Pending" | "Rejected";

export interface Connector {
  readonly evseId: number;
  readonly connectorId: number;
  readonly status: string;
  readonly errorCode: string | null;
  readonly statusAt: string | null;
  readonly transactionId: number | null;
}

export interface Station {
  readonly identity: string;
  readonly connected: boolean;
  readonly registration: Registration;
  readonly protocol: string | null;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly serialNumber: string | null;
  readonly firmwareVersion: string | null;
  readonly lastSeenAt: string | null;
  readonly connectedAt: string | null;
  readonly connectors: readonly Connector[];
}

export type TransactionState = "open" | "ended" | "inferredEnded";

export interface Transaction {
  readonly id: number;
  readonly station: string;
  readonly evseId: number | null;
  readonly connectorId: number | null;
  /** The station's id (2.x), or the id allotted to it (1.6), as text. */
  readonly transactionId: string;
  readonly idToken: string | null;
  readonly state: TransactionState;
  readonly chargingState: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly stopReason: string | null;
  readonly meterStartWh: number | null;
  readonly meterStopWh: number | null;
  readonly energyWh: number | null;
  readonly powerW: number | null;
  readonly socPercent: number | null;
  readonly flags: readonly string[];
}

/** One sample; `energyWh` is the meter's register, not the energy of the transaction. */
export interface MeterPoint {
  readonly at: string;
  readonly energyWh: number | null;
  readonly powerW: number | null;
  readonly socPercent: number | null;
}

export interface TransactionDetail extends Transaction {
  readonly meter: readonly MeterPoint[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

export type CommandPayload = Readonly<Record<string, unknown>>;

/** What became of a command: the station's answer, its refusal, or a failure on the way to it. */
export type CommandOutcome =
  | { readonly type: "result"; readonly payload: CommandPayload }
  | { readonly type: "error"; readonly code: string; readonly description: string; readonly details?: unknown }
  | ({ readonly type: "failure" } & Omit<Problem, "type">);

interface Event<T extends string, D> {
  readonly cursor: number;
  readonly at: string;
  readonly station: string;
  readonly type: T;
  readonly data: D;
}

export interface MeterSample extends MeterPoint {
  readonly evseId: number | null;
  readonly connectorId: number | null;
  readonly transactionId: number | null;
  readonly currentA: number | null;
  readonly voltageV: number | null;
}

export type BootFacts = Pick<Station, "vendor" | "model" | "serialNumber" | "firmwareVersion" | "registration">;
export type ConnectorFacts = Pick<Connector, "evseId" | "connectorId" | "status" | "errorCode">;

export type LiveEvent =
  | Event<"station.connected", { readonly protocol: string | null }>
  | Event<"station.disconnected", { readonly code: number | null; readonly reason: string | null }>
  | Event<"station.booted", BootFacts>
  | Event<"station.registered", Pick<Station, "registration">>
  | Event<"station.heartbeat", Readonly<Record<string, never>>>
  | Event<"station.notification", { readonly action: string }>
  | Event<"message.orphaned", { readonly action: string; readonly reason: string }>
  | Event<"connector.status", ConnectorFacts>
  | Event<
      "transaction.started" | "transaction.updated" | "transaction.ended",
      {
        readonly transaction: Transaction;
      }
    >
  | Event<"meter.values", MeterSample>;

/** A frame as it crossed the station's socket; "in" came from the station. */
export interface Frame {
  readonly epoch: string;
  readonly seq: number;
  readonly at: string;
  readonly station: string;
  readonly direction: "in" | "out";
  readonly text: string;
}

export interface FramePosition {
  readonly epoch: string;
  readonly seq: number;
}

export interface Subscription {
  readonly stations: "*" | readonly string[];
  readonly frames: boolean;
  readonly after?: { readonly events: number | null; readonly frames: FramePosition | null };
}

export interface SubscriptionAnswer {
  readonly events: number;
  readonly frames: FramePosition;
  /** Some missed frames or events are no longer held: take a new snapshot. */
  readonly gap: boolean;
}
