/** The live frame log of one station: frames read as OCPP-J, requests paired with their answers, bounded. Pure. */

import type { Frame } from "../api/types";

export const LOG_LIMIT = 2000;

export type FrameKind = "call" | "result" | "error" | "resultError" | "send" | "malformed" | "gap";

export interface FrameRow {
  /** Consecutive within a log, so that a row is found by its key. */
  readonly key: number;
  readonly at: string;
  readonly direction: Frame["direction"];
  readonly kind: FrameKind;
  readonly messageId: string | null;
  /** Of an answer: the action of the request it answers. */
  readonly action: string | null;
  readonly text: string;
  readonly summary: string;
  /** Of a request: how it was answered. */
  readonly answer: "result" | "error" | null;
  /** From the request to its answer, on both rows. */
  readonly tookMs: number | null;
}

export interface FrameLog {
  readonly rows: readonly FrameRow[];
  /** Keys of requests by "direction:message id". */
  readonly requests: ReadonlyMap<string, number>;
  readonly nextKey: number;
}

export interface FrameFilter {
  readonly text: string;
  readonly direction: Frame["direction"] | "both";
  readonly action: string | null;
}

export const EMPTY_LOG: FrameLog = { rows: [], requests: new Map(), nextKey: 0 };

export function appendFrames(log: FrameLog, frames: readonly Frame[]): FrameLog {
  if (frames.length === 0) {
    return log;
  }
  const writer = new LogWriter(log);
  for (const frame of frames) {
    writer.append(frame);
  }
  return writer.finish();
}

/** Marks the place where frames are missing. */
export function appendGap(log: FrameLog, at: string): FrameLog {
  if (log.rows.length === 0) {
    return log;
  }
  const writer = new LogWriter(log);
  writer.appendGap(at);
  return writer.finish();
}

export function filterRows(rows: readonly FrameRow[], filter: FrameFilter): readonly FrameRow[] {
  const text = filter.text.trim().toLowerCase();
  if (text === "" && filter.direction === "both" && filter.action === null) {
    return rows;
  }
  return rows.filter(
    (row) =>
      (filter.direction === "both" || row.direction === filter.direction) &&
      (filter.action === null || row.action === filter.action) &&
      (text === "" || `${row.text} ${row.action ?? ""}`.toLowerCase().includes(text)),
  );
}

/** The actions that occur in a log, in alphabetical order. */
export function actionsOf(rows: readonly FrameRow[]): readonly string[] {
  const actions = new Set(rows.map((row) => row.action).filter((action) => action !== null));
  return [...actions].sort();
}

/** A frame indented for reading; what is not JSON stays as it came. */
export function prettyFrame(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

class LogWriter {
  readonly #rows: FrameRow[];
  readonly #requests: Map<string, number>;
  #nextKey: number;

  constructor(log: FrameLog) {
    this.#rows = [...log.rows];
    this.#requests = new Map(log.requests);
    this.#nextKey = log.nextKey;
  }

  append(frame: Frame): void {
    const content = readFrame(frame.text);
    const row: FrameRow = {
      ...content,
      key: this.#nextKey,
      at: frame.at,
      direction: frame.direction,
      text: frame.text,
      answer: null,
      tookMs: null,
    };
    this.#nextKey += 1;
    this.#rows.push(this.#paired(row));
  }

  appendGap(at: string): void {
    const key = this.#nextKey;
    this.#nextKey += 1;
    const common = { messageId: null, action: null, text: "", summary: "", answer: null, tookMs: null };
    this.#rows.push({ ...common, key, at, direction: "in", kind: "gap" });
  }

  finish(): FrameLog {
    const dropped = this.#rows.splice(0, Math.max(0, this.#rows.length - LOG_LIMIT));
    for (const row of dropped) {
      const name = requestName(row.direction, row.messageId);
      if (this.#requests.get(name) === row.key) {
        this.#requests.delete(name);
      }
    }
    return { rows: this.#rows, requests: this.#requests, nextKey: this.#nextKey };
  }

  #paired(row: FrameRow): FrameRow {
    switch (row.kind) {
      case "call":
        this.#requests.set(requestName(row.direction, row.messageId), row.key);
        return row;
      case "result":
      case "error":
        return this.#answered(row, row.kind);
      case "resultError": // refuses an answer: it travels like the request and ends nothing
      case "send":
      case "malformed":
      case "gap":
        return row;
    }
  }

  #answered(row: FrameRow, answer: "result" | "error"): FrameRow {
    const opposite = row.direction === "in" ? "out" : "in";
    const key = this.#requests.get(requestName(opposite, row.messageId));
    const index = key === undefined ? -1 : key - (this.#rows[0]?.key ?? 0);
    const request = this.#rows[index];
    if (request === undefined || request.answer !== null) {
      return row;
    }
    const tookMs = Math.max(0, Date.parse(row.at) - Date.parse(request.at));
    this.#rows[index] = { ...request, answer, tookMs };
    return { ...row, action: request.action, tookMs };
  }
}

type Content = Pick<FrameRow, "kind" | "messageId" | "action" | "summary">;

function readFrame(text: string): Content {
  const malformed: Content = { kind: "malformed", messageId: null, action: null, summary: shorten(text) };
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return malformed;
  }
  if (!Array.isArray(frame) || typeof frame[1] !== "string") {
    return malformed;
  }
  const [type, messageId, third, fourth] = frame as [unknown, string, unknown, unknown];
  switch (type) {
    case 2:
      return { kind: "call", messageId, action: String(third), summary: summarize(fourth) };
    case 3:
      return { kind: "result", messageId, action: null, summary: summarize(third) };
    case 4:
      return { kind: "error", messageId, action: null, summary: shorten(`${third}: ${fourth}`) };
    case 5:
      return { kind: "resultError", messageId, action: null, summary: shorten(`${third}: ${fourth}`) };
    case 6:
      return { kind: "send", messageId, action: String(third), summary: summarize(fourth) };
    default:
      return malformed;
  }
}

function summarize(payload: unknown): string {
  const text = JSON.stringify(payload) ?? "";
  return text === "{}" ? "" : shorten(text);
}

function shorten(text: string): string {
  return text.length > 240 ? `${text.slice(0, 240)}…` : text;
}

function requestName(direction: Frame["direction"], messageId: string | null): string {
  return `${direction}:${messageId ?? ""}`;
}
