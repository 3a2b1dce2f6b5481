/**
 * The one store of live data: snapshots by REST, changes by the wire, views for React.
 *
 * It knows no component and no library of the wire. Changes are collected and published once per animation frame, so
 * that a burst of events costs one render. After a reconnect it resumes where it stood.
 */

import { ApiError, type Rest } from "../api/rest";
import type { CommandOutcome, Frame, LiveEvent, Registration, Subscription, SubscriptionAnswer } from "../api/types";
import { afterEvent, afterFrame, afterSubscription, NOWHERE, type Position } from "./cursor";
import { appendFrames, appendGap, EMPTY_LOG, type FrameLog } from "./frames";
import { mergeMeter } from "./meter";
import { applyEvents, EMPTY_STATE, type LiveState, removeStation, replaceAll, replaceStation } from "./reducer";
import type { Command, Connect, Wire } from "./wire";

const RETRY_MS = 2000;
/** More unknown stations than this are loaded with one list instead of one by one. */
const UNKNOWN_ONE_BY_ONE = 10;

/** What the screen shows: every station, or one station with its frames. */
export type Scope = { readonly stations: "all" } | { readonly stations: "one"; readonly identity: string };

/** "connecting" until the first snapshot, then "live", "offline" and "catchingUp" in turn. */
export type Phase = "connecting" | "catchingUp" | "live" | "offline";

export interface View extends LiveState {
  readonly phase: Phase;
  /** Since when the data shown is not live, in milliseconds. */
  readonly staleSince: number | null;
  /** Why the last snapshot failed, in words. */
  readonly problem: string | null;
  /** All stations were loaded at least once: the list is whole, if perhaps stale. */
  readonly hasAll: boolean;
  /** The station of the scope does not exist. */
  readonly isMissing: boolean;
  /** Why a watched transaction could not be loaded, in words. */
  readonly meterProblems: ReadonlyMap<number, string>;
  readonly frames: FrameLog;
}

export type FeedRest = Pick<
  Rest,
  "allStations" | "openTransactions" | "loadStation" | "loadTransaction" | "setRegistration"
>;

export interface FeedOptions {
  readonly rest: FeedRest;
  readonly connect: Connect;
  readonly onUnauthorized: () => void;
  readonly schedule?: (publish: () => void) => void;
}

const EMPTY_VIEW: View = {
  ...EMPTY_STATE,
  phase: "connecting",
  staleSince: null,
  problem: null,
  hasAll: false,
  isMissing: false,
  meterProblems: new Map(),
  frames: EMPTY_LOG,
};

export class Feed {
  readonly #rest: FeedRest;
  readonly #wire: Wire;
  readonly #schedule: (publish: () => void) => void;
  readonly #listeners = new Set<() => void>();
  readonly #watched = new Map<number, number>();
  /** Events that arrived while a request was under way, one list per request: replayed on top of its answer. */
  readonly #journals = new Set<LiveEvent[]>();
  #view = EMPTY_VIEW;
  #scope: Scope | null = null;
  #hasSnapshot = false;
  #position: Position = NOWHERE;
  /** The newest frame when the subscription began: where to resume if none arrived since. */
  #framesAtStart: Position["frames"] = null;
  #events: LiveEvent[] = [];
  #frames: Frame[] = [];
  #isScheduled = false;
  /** Frames wait until it is known whether some are missing before them. */
  #holdsFrames = false;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor({ rest, connect, onUnauthorized, schedule = onNextFrame }: FeedOptions) {
    this.#rest = rest;
    this.#schedule = schedule;
    this.#wire = connect({
      onOpen: () => this.#synchronize(),
      onClose: () => this.#goOffline(),
      onUnauthorized,
      onEvent: (event) => this.#receiveEvent(event),
      onFrame: (frame) => this.#receiveFrame(frame),
      onGap: () => this.#markGap(),
    });
  }

  get view(): View {
    return this.#view;
  }

  /** Calls back after each change of the view; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Shows another scope: a new subscription from now on, and a new snapshot. */
  show(scope: Scope): void {
    if (isSameScope(this.#scope, scope)) {
      return;
    }
    this.#publishPending();
    this.#scope = scope;
    this.#hasSnapshot = false;
    this.#position = NOWHERE;
    this.#framesAtStart = null;
    this.#frames = [];
    this.#update({ isMissing: false, problem: null, frames: EMPTY_LOG });
    if (this.#wire.isOpen) {
      this.#synchronize();
    }
  }

  /** Loads a transaction and keeps its meter curve as long as somebody looks at it; returns how to stop. */
  watchMeter(transaction: number): () => void {
    const watchers = this.#watched.get(transaction) ?? 0;
    this.#watched.set(transaction, watchers + 1);
    if (watchers === 0) {
      this.#update({ meters: new Map(this.#view.meters).set(transaction, []) });
      void this.#loadMeter(transaction);
    }
    return () => this.#unwatchMeter(transaction);
  }

  /** Sends a command to a station. Never kept for later: without a connection it fails at once. */
  async command(command: Command): Promise<CommandOutcome> {
    if (!this.#wire.isOpen) {
      return { type: "failure", status: 0, detail: "The portal has no connection to the server." };
    }
    try {
      return await this.#wire.command(command);
    } catch {
      return { type: "failure", status: 0, detail: "The connection to the server broke before the answer came." };
    }
  }

  /** Admits or refuses a station. */
  async setRegistration(identity: string, registration: Registration): Promise<void> {
    const station = await this.#rest.setRegistration(identity, registration);
    this.#update({ stations: new Map(this.#view.stations).set(identity, station) });
  }

  clearFrames(): void {
    this.#frames = [];
    this.#update({ frames: EMPTY_LOG });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#attempt += 1;
    this.#listeners.clear();
    this.#wire.close();
  }

  /** Subscribes, resuming where the feed stands, and takes a snapshot where resuming is not enough. */
  async #synchronize(): Promise<void> {
    const scope = this.#scope;
    if (scope === null) {
      return;
    }
    clearTimeout(this.#retry);
    this.#attempt += 1;
    const attempt = this.#attempt;
    if (this.#view.phase !== "connecting") {
      this.#update({ phase: "catchingUp", staleSince: this.#view.staleSince ?? Date.now() });
    }
    this.#publishPending();
    this.#holdsFrames = true;
    try {
      const answer = await this.#wire.subscribe(this.#subscription(scope));
      if (attempt !== this.#attempt) {
        return;
      }
      this.#resumeFrom(answer);
      if (!this.#hasSnapshot) {
        await this.#takeSnapshot(scope, () => attempt === this.#attempt);
      }
      if (attempt === this.#attempt) {
        this.#hasSnapshot = true;
        this.#publishPending();
        this.#update({ phase: "live", staleSince: null, problem: null });
        this.#loadUnknown();
      }
    } catch (error) {
      if (attempt === this.#attempt) {
        this.#retryLater(error);
      }
    }
  }

  #subscription(scope: Scope): Subscription {
    const isOne = scope.stations === "one";
    const stations = isOne ? [scope.identity] : "*";
    if (this.#position.events === null) {
      return { stations, frames: isOne };
    }
    const after = { events: this.#position.events, frames: this.#position.frames ?? this.#framesAtStart };
    return { stations, frames: isOne, after };
  }

  #resumeFrom(answer: SubscriptionAnswer): void {
    const { position, needsSnapshot } = afterSubscription(this.#position, answer);
    this.#position = position;
    this.#framesAtStart ??= answer.frames;
    this.#hasSnapshot &&= !needsSnapshot;
    if (answer.gap) {
      this.#markGap();
    }
    this.#holdsFrames = false;
    this.#publishSoon();
  }

  async #takeSnapshot(scope: Scope, isCurrent: () => boolean): Promise<void> {
    if (scope.stations === "all") {
      await this.#loadAll(isCurrent);
    } else {
      await this.#loadOne(scope.identity, isCurrent);
    }
    await Promise.all([...this.#watched.keys()].map((id) => this.#loadMeter(id)));
  }

  async #loadAll(isCurrent: () => boolean): Promise<void> {
    await this.#replaying(
      () => Promise.all([this.#rest.allStations(), this.#rest.openTransactions()]),
      ([stations, open], events) => replaceAll(this.#view, stations, open, events),
      isCurrent,
    );
    this.#update({ hasAll: true });
  }

  async #loadOne(identity: string, isCurrent: () => boolean = () => true): Promise<void> {
    try {
      await this.#replaying(
        () => Promise.all([this.#rest.loadStation(identity), this.#rest.openTransactions(identity)]),
        ([station, open], events) => replaceStation(this.#view, station, open, events),
        isCurrent,
      );
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        throw error;
      }
      const isShown = this.#scope?.stations === "one" && this.#scope.identity === identity;
      this.#update({ ...removeStation(this.#view, identity), ...(isShown && { isMissing: true }) });
    }
  }

  async #loadMeter(transaction: number): Promise<void> {
    try {
      this.#tellMeterProblem(transaction, null);
      await this.#replaying(
        () => this.#rest.loadTransaction(transaction),
        ({ meter, ...facts }, events) => {
          const known = this.#view.meters.get(transaction) ?? [];
          const meters = new Map(this.#view.meters).set(transaction, mergeMeter(known, meter));
          const transactions = new Map(this.#view.transactions).set(transaction, facts);
          return applyEvents({ ...this.#view, meters, transactions }, events);
        },
        () => this.#watched.has(transaction),
      );
    } catch (error) {
      // The curve then begins with the next live sample.
      this.#tellMeterProblem(transaction, (error as Error).message);
    }
  }

  #tellMeterProblem(transaction: number, problem: string | null): void {
    const problems = new Map(this.#view.meterProblems);
    if (problem !== null) {
      problems.set(transaction, problem);
      this.#update({ meterProblems: problems });
    } else if (problems.delete(transaction)) {
      this.#update({ meterProblems: problems });
    }
  }

  /** Loads something and merges it, replaying the events that came meanwhile: the answer may or may not hold them. */
  async #replaying<T>(
    load: () => Promise<T>,
    merge: (loaded: T, events: readonly LiveEvent[]) => LiveState,
    isCurrent: () => boolean,
  ): Promise<void> {
    const journal: LiveEvent[] = [...this.#events];
    this.#journals.add(journal);
    try {
      const loaded = await load();
      if (isCurrent()) {
        this.#update(liveStateOf(merge(loaded, journal)));
      }
    } finally {
      this.#journals.delete(journal);
    }
  }

  #unwatchMeter(transaction: number): void {
    const watchers = (this.#watched.get(transaction) ?? 0) - 1;
    if (watchers > 0) {
      this.#watched.set(transaction, watchers);
      return;
    }
    this.#watched.delete(transaction);
    const meters = new Map(this.#view.meters);
    meters.delete(transaction);
    this.#update({ meters });
  }

  #goOffline(): void {
    clearTimeout(this.#retry);
    this.#holdsFrames = false;
    this.#attempt += 1;
    this.#update({ phase: "offline", staleSince: this.#view.staleSince ?? Date.now() });
  }

  #retryLater(error: unknown): void {
    const problem = error instanceof ApiError ? error.message : "The server did not answer the subscription.";
    this.#hasSnapshot = false;
    this.#update({ problem });
    this.#retry = setTimeout(() => {
      if (this.#wire.isOpen) {
        void this.#synchronize();
      }
    }, RETRY_MS);
  }

  #receiveEvent(event: LiveEvent): void {
    const position = afterEvent(this.#position, event);
    if (position === null) {
      return;
    }
    this.#position = position;
    this.#events.push(event);
    for (const journal of this.#journals) {
      journal.push(event);
    }
    this.#publishSoon();
  }

  #receiveFrame(frame: Frame): void {
    const isShown = this.#scope?.stations === "one" && this.#scope.identity === frame.station;
    const position = afterFrame(this.#position, frame);
    if (!isShown || position === null) {
      return;
    }
    this.#position = position;
    this.#frames.push(frame);
    this.#publishSoon();
  }

  #markGap(): void {
    if (!this.#holdsFrames) {
      this.#publishPending();
    }
    this.#update({ frames: appendGap(this.#view.frames, new Date().toISOString()) });
  }

  #publishSoon(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#schedule(() => {
        this.#isScheduled = false;
        this.#publishPending();
      });
    }
  }

  #publishPending(): void {
    const events = this.#events;
    const frames = this.#holdsFrames ? [] : this.#frames;
    if (events.length === 0 && frames.length === 0) {
      return;
    }
    this.#events = [];
    this.#frames = this.#holdsFrames ? this.#frames : [];
    this.#update({
      ...liveStateOf(applyEvents(this.#view, events)),
      frames: appendFrames(this.#view.frames, frames),
    });
    this.#loadUnknown();
  }

  #loadUnknown(): void {
    const { unknown } = this.#view;
    if (unknown.size === 0 || this.#view.phase !== "live") {
      return;
    }
    this.#update({ unknown: new Set() });
    const loads =
      unknown.size > UNKNOWN_ONE_BY_ONE
        ? [this.#loadAll(() => true)]
        : [...unknown].map((identity) => this.#loadOne(identity));
    const attempt = this.#attempt;
    Promise.all(loads).catch((error: unknown) => {
      if (attempt === this.#attempt) {
        this.#retryLater(error);
      }
    });
  }

  #update(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** Runs at the next animation frame, or within a second where none is drawn (a hidden tab). */
export function onNextFrame(publish: () => void): void {
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    publish();
  };
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, 1000);
}

function liveStateOf({ stations, transactions, meters, unknown }: LiveState): LiveState {
  return { stations, transactions, meters, unknown };
}

function isSameScope(a: Scope | null, b: Scope): boolean {
  return a?.stations === b.stations && (b.stations === "all" || (a.stations === "one" && a.identity === b.identity));
}
