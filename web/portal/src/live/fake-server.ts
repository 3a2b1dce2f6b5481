/** A server in memory that speaks the live protocol, for tests of the feed. */

import { ApiError } from "../api/rest";
import type {
  CommandOutcome,
  Frame,
  LiveEvent,
  Registration,
  Station,
  Subscription,
  SubscriptionAnswer,
  Transaction,
  TransactionDetail,
} from "../api/types";
import type { FeedRest } from "./feed";
import { frame, station } from "./fixtures";
import { applyEvents, EMPTY_STATE, type LiveState, replaceAll } from "./reducer";
import type { Command, Connect, Wire, WireHandlers } from "./wire";

const BACKLOG = 100;

export class FakeServer implements FeedRest {
  /** How many frames a browser that was away can still catch up with. */
  ringLimit = 1000;
  readonly subscriptions: Subscription[] = [];
  readonly commands: Command[] = [];
  /** Requests wait for this before they answer, with what is true then. */
  gate: Promise<void> = Promise.resolve();
  failure: ApiError | null = null;
  state: LiveState;
  #epoch = "a";
  #events: LiveEvent[] = [];
  #frames: Frame[] = [];
  #seq = 0;
  #handlers: WireHandlers | null = null;
  #subscription: Subscription | null = null;
  #isOpen = false;

  constructor(...identities: string[]) {
    const stations = identities.map((identity) => station(identity));
    this.state = { ...replaceAll(EMPTY_STATE, stations, [], []) };
  }

  readonly connect: Connect = (handlers): Wire => {
    const server = this;
    this.#handlers = handlers;
    return {
      get isOpen() {
        return server.#isOpen;
      },
      subscribe: async (subscription) => server.#subscribe(subscription),
      command: async (command) => server.#command(command),
      close: () => server.drop(),
    };
  };

  open(): void {
    this.#isOpen = true;
    this.#handlers?.onOpen();
  }

  drop(): void {
    this.#isOpen = false;
    this.#subscription = null;
    this.#handlers?.onClose();
  }

  /** A restart keeps the events, which are in the database, and forgets the frames. */
  restart(): void {
    this.drop();
    this.#epoch += "'";
    this.#frames = [];
    this.#seq = 0;
  }

  /** Another, empty database behind the same address. */
  replaceDatabase(): void {
    this.restart();
    this.#events = [];
    this.state = EMPTY_STATE;
  }

  emit(event: LiveEvent): void {
    this.#events.push(event);
    this.state = applyEvents(this.state, [event]);
    this.#send(event);
  }

  emitFrame(identity: string, text: string): void {
    this.#seq += 1;
    const sent = frame(this.#seq, "in", text, { station: identity, epoch: this.#epoch });
    this.#frames = [...this.#frames, sent].slice(-this.ringLimit);
    this.#sendFrame(sent);
  }

  allStations(): Promise<readonly Station[]> {
    return this.#answer(() => [...this.state.stations.values()]);
  }

  openTransactions(identity?: string): Promise<readonly Transaction[]> {
    return this.#answer(() =>
      [...this.state.transactions.values()].filter(
        (known) => known.state === "open" && (identity === undefined || known.station === identity),
      ),
    );
  }

  loadStation(identity: string): Promise<Station> {
    return this.#answer(() => present(this.state.stations.get(identity)));
  }

  loadTransaction(id: number): Promise<TransactionDetail> {
    return this.#answer(() => {
      const meter = this.#events.flatMap((event) =>
        event.type === "meter.values" && event.data.transactionId === id ? [event.data] : [],
      );
      return { ...present(this.state.transactions.get(id)), meter };
    });
  }

  async setRegistration(identity: string, registration: Registration): Promise<Station> {
    const admitted = { ...present(this.state.stations.get(identity)), registration };
    this.state = { ...this.state, stations: new Map(this.state.stations).set(identity, admitted) };
    return admitted;
  }

  async #answer<T>(read: () => T): Promise<T> {
    await this.gate;
    if (this.failure !== null) {
      throw this.failure;
    }
    return read();
  }

  #subscribe(subscription: Subscription): SubscriptionAnswer {
    this.subscriptions.push(subscription);
    this.#subscription = subscription;
    const { after } = subscription;
    let gap = false;
    if (after === undefined) {
      this.#frames.slice(-BACKLOG).forEach((sent) => {
        this.#sendFrame(sent);
      });
    } else {
      const first = this.#frames[0];
      const isSameEpoch = after.frames?.epoch === this.#epoch;
      gap = subscription.frames && (!isSameEpoch || (first !== undefined && first.seq > (after.frames?.seq ?? 0) + 1));
      for (const event of this.#events.filter(({ cursor }) => cursor > (after.events ?? Number.POSITIVE_INFINITY))) {
        this.#send(event);
      }
      for (const sent of this.#frames.filter(({ seq }) => !isSameEpoch || seq > (after.frames?.seq ?? 0))) {
        this.#sendFrame(sent);
      }
    }
    return { events: this.#events.at(-1)?.cursor ?? 0, frames: { epoch: this.#epoch, seq: this.#seq }, gap };
  }

  #command(command: Command): CommandOutcome {
    this.commands.push(command);
    return { type: "result", payload: { status: "Accepted" } };
  }

  #send(event: LiveEvent): void {
    if (this.#isOpen && this.#hears(event.station)) {
      this.#handlers?.onEvent(event);
    }
  }

  #sendFrame(sent: Frame): void {
    if (this.#isOpen && this.#subscription?.frames === true && this.#hears(sent.station)) {
      this.#handlers?.onFrame(sent);
    }
  }

  #hears(identity: string): boolean {
    const stations = this.#subscription?.stations;
    return stations === "*" || (stations?.includes(identity) ?? false);
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new ApiError(404, "not found");
  }
  return value;
}
