/** The REST client: adds the token, follows cursors, and turns problem+json into ApiError. */

import type { Page, Problem, Registration, Station, Transaction, TransactionDetail } from "./types";

const PAGE_LIMIT = 200;

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

export interface TransactionQuery {
  readonly station?: string;
  readonly state?: "open" | "ended";
  readonly limit?: number;
  readonly cursor?: string;
}

export class Rest {
  readonly #token: string;
  readonly #onUnauthorized: () => void;

  constructor(token: string, onUnauthorized: () => void = () => {}) {
    this.#token = token;
    this.#onUnauthorized = onUnauthorized;
  }

  listStations(query: { readonly limit?: number; readonly cursor?: string } = {}): Promise<Page<Station>> {
    return this.#get("/stations", query);
  }

  loadStation(identity: string): Promise<Station> {
    return this.#get(`/stations/${encodeURIComponent(identity)}`);
  }

  setRegistration(identity: string, registration: Registration): Promise<Station> {
    return this.#request("PATCH", `/stations/${encodeURIComponent(identity)}`, { registration });
  }

  listTransactions(query: TransactionQuery = {}): Promise<Page<Transaction>> {
    return this.#get("/transactions", { ...query });
  }

  loadTransaction(id: number): Promise<TransactionDetail> {
    return this.#get(`/transactions/${id}`);
  }

  allStations(): Promise<readonly Station[]> {
    return followPages((cursor) => this.listStations({ limit: PAGE_LIMIT, ...cursor }));
  }

  openTransactions(station?: string): Promise<readonly Transaction[]> {
    const filter: TransactionQuery = station === undefined ? {} : { station };
    return followPages((cursor) => this.listTransactions({ ...filter, state: "open", limit: PAGE_LIMIT, ...cursor }));
  }

  #get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        search.set(name, String(value));
      }
    }
    return this.#request("GET", search.size > 0 ? `${path}?${search}` : path);
  }

  async #request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, "The server does not answer. Check that chargewire is running and reachable.");
    }
    if (response.status === 401) {
      this.#onUnauthorized();
    }
    if (!response.ok) {
      throw new ApiError(response.status, await describeProblem(response));
    }
    return (await response.json()) as T;
  }
}

/** Visits every page of a list, from the first cursor to the last. */
async function followPages<T>(load: (cursor: { cursor?: string }) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let cursor: { cursor?: string } = {};
  for (;;) {
    const page = await load(cursor);
    items.push(...page.items);
    if (page.next === null) {
      return items;
    }
    cursor = { cursor: page.next };
  }
}

async function describeProblem(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Problem;
    const fields = (problem.errors ?? []).map((error) => `${error.field}: ${error.message}`);
    return [problem.detail ?? problem.title ?? `HTTP ${response.status}`, ...fields].join(" · ");
  } catch {
    return `The server answered HTTP ${response.status}.`;
  }
}
