import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/rest";
import { FakeServer } from "./fake-server";
import { Feed } from "./feed";
import { event, meterEvent, station, transaction } from "./fixtures";

const ALL = { stations: "all" } as const;

function one(identity: string) {
  return { stations: "one", identity } as const;
}

/** A feed whose views are published when the test says so. */
function feedOf(server: FakeServer) {
  const publishes: (() => void)[] = [];
  const onUnauthorized = vi.fn();
  const feed = new Feed({
    rest: server,
    connect: server.connect,
    onUnauthorized,
    schedule: (run) => publishes.push(run),
  });
  const publish = () => {
    for (const run of publishes.splice(0)) {
      run();
    }
  };
  return { feed, publish, publishes };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}

function status(cursor: number, name: string, identity = "CP001") {
  return event(cursor, {
    station: identity,
    type: "connector.status",
    data: { evseId: 1, connectorId: 1, status: name, errorCode: null },
  });
}

function started(cursor: number, id: number) {
  return event(cursor, { type: "transaction.started", data: { transaction: transaction(id) } });
}

function statusOf(feed: Feed, identity = "CP001"): string | undefined {
  return feed.view.stations.get(identity)?.connectors[0]?.status;
}

function textsOf(feed: Feed): string[] {
  return feed.view.frames.rows.filter((row) => row.kind !== "gap").map((row) => row.text);
}

describe("first connection", () => {
  test("the snapshot makes the feed live", async () => {
    const server = new FakeServer("CP001", "CP002");
    const { feed } = feedOf(server);
    feed.show(ALL);
    expect(feed.view.phase).toBe("connecting");
    server.open();
    await settle();
    expect(feed.view.phase).toBe("live");
    expect([...feed.view.stations.keys()]).toEqual(["CP001", "CP002"]);
  });

  test("events that overtake the snapshot are not lost", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    const stale = server.state;
    let release = () => {};
    server.gate = new Promise((resolve) => {
      release = resolve;
    });
    feed.show(ALL);
    server.open();
    await settle();
    server.emit(status(1, "Preparing"));
    server.state = stale; // the snapshot was read before the event
    release();
    await settle();
    expect(statusOf(feed)).toBe("Preparing");
  });

  test("a failing snapshot is told and tried again", async () => {
    vi.useFakeTimers();
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    server.failure = new ApiError(503, "The database is busy.");
    feed.show(ALL);
    server.open();
    await settle();
    expect(feed.view).toMatchObject({ problem: "The database is busy.", phase: "connecting" });
    server.failure = null;
    vi.advanceTimersByTime(2000);
    await settle();
    expect(feed.view).toMatchObject({ problem: null, phase: "live" });
    vi.useRealTimers();
  });

  test("a connection that breaks during the snapshot takes it again", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    server.gate = new Promise(() => {});
    feed.show(ALL);
    server.open();
    await settle();
    server.gate = Promise.resolve();
    server.drop();
    server.open();
    await settle();
    expect(feed.view.stations.size).toBe(1);
    expect(feed.view.phase).toBe("live");
  });
});

describe("publishing", () => {
  test("a burst of events is one change of the view", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish, publishes } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    const listener = vi.fn();
    feed.subscribe(listener);
    for (let cursor = 1; cursor <= 500; cursor += 1) {
      server.emit(status(cursor, `S${cursor}`));
    }
    expect(publishes).toHaveLength(1);
    publish();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(statusOf(feed)).toBe("S500");
  });

  test("stations that appear are loaded", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    const stations = new Map(server.state.stations).set("NEW", station("NEW", { registration: "Pending" }));
    server.state = { ...server.state, stations };
    server.emit(event(1, { station: "NEW", type: "station.connected", data: { protocol: "ocpp1.6" } }));
    publish();
    await settle();
    expect(feed.view.stations.get("NEW")?.registration).toBe("Pending");
    expect(feed.view.unknown.size).toBe(0);
  });
});

describe("failures", () => {
  test("a new station that could not be loaded comes with the next try", async () => {
    vi.useFakeTimers();
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    server.failure = new ApiError(500, "Something went wrong here.");
    server.state = { ...server.state, stations: new Map(server.state.stations).set("NEW", station("NEW")) };
    server.emit(event(1, { station: "NEW", type: "station.connected", data: { protocol: "ocpp1.6" } }));
    publish();
    await settle();
    expect(feed.view.problem).toBe("Something went wrong here.");
    server.failure = null;
    vi.advanceTimersByTime(2000);
    await settle();
    expect(feed.view.problem).toBeNull();
    expect(feed.view.stations.has("NEW")).toBe(true);
    vi.useRealTimers();
  });
});

describe("reconnecting", () => {
  test("what was missed arrives, once, without a new snapshot", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    server.emit(status(1, "Preparing"));
    publish();
    server.drop();
    expect(feed.view.phase).toBe("offline");
    server.emit(status(2, "Charging"));
    server.open();
    expect(feed.view.phase).toBe("catchingUp");
    await settle();
    publish();
    expect(feed.view.phase).toBe("live");
    expect(statusOf(feed)).toBe("Charging");
    expect(server.subscriptions.at(-1)?.after?.events).toBe(1);
  });

  test("frames have no gap and no doubles, however often the line breaks", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(one("CP001"));
    server.open();
    await settle();
    const sent: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < (round * 7) % 5; index += 1) {
        sent.push(`[2,"${round}-${index}","Heartbeat",{}]`);
        server.emitFrame("CP001", sent.at(-1) ?? "");
      }
      if (round % 3 === 0) {
        server.drop();
      } else if (round % 3 === 1) {
        server.open();
        await settle();
      }
    }
    server.open();
    await settle();
    publish();
    expect(textsOf(feed)).toEqual(sent);
    expect(feed.view.frames.rows.some((row) => row.kind === "gap")).toBe(false);
  });

  test("frames the server no longer holds are marked as missing", async () => {
    const server = new FakeServer("CP001");
    server.ringLimit = 2;
    const { feed, publish } = feedOf(server);
    feed.show(one("CP001"));
    server.open();
    await settle();
    server.emitFrame("CP001", "1");
    publish();
    server.drop();
    for (const text of ["2", "3", "4", "5"]) {
      server.emitFrame("CP001", text);
    }
    server.open();
    await settle();
    publish();
    expect(feed.view.frames.rows.map((row) => (row.kind === "gap" ? "gap" : row.text))).toEqual(["1", "gap", "4", "5"]);
  });

  test("a server that restarted numbers its frames anew and they are still shown", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(one("CP001"));
    server.open();
    await settle();
    server.emitFrame("CP001", "before");
    server.restart();
    server.open();
    await settle();
    server.emitFrame("CP001", "after");
    publish();
    expect(textsOf(feed)).toEqual(["before", "after"]);
  });

  test("another database behind the address replaces everything", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    server.emit(status(900, "Charging"));
    publish();
    server.replaceDatabase();
    server.open();
    await settle();
    expect(feed.view.stations.size).toBe(0);
    const stations = new Map([["CP009", station("CP009")]]);
    server.state = { ...server.state, stations };
    server.emit(status(1, "Faulted", "CP009"));
    publish();
    await settle();
    expect(statusOf(feed, "CP009")).toBe("Faulted");
  });
});

describe("scopes", () => {
  test("one station is subscribed with its frames, and other stations' frames do not enter", async () => {
    const server = new FakeServer("CP001", "CP002");
    const { feed, publish } = feedOf(server);
    feed.show(one("CP001"));
    server.open();
    await settle();
    server.emitFrame("CP001", "mine");
    server.emitFrame("CP002", "other");
    publish();
    expect(server.subscriptions).toEqual([{ stations: ["CP001"], frames: true }]);
    expect(textsOf(feed)).toEqual(["mine"]);
  });

  test("back at the list, what happened elsewhere meanwhile is there", async () => {
    const server = new FakeServer("CP001", "CP002");
    const { feed, publish } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    feed.show(one("CP001"));
    await settle();
    server.emit(status(1, "Charging", "CP002"));
    publish();
    expect(statusOf(feed, "CP002")).toBe("Available");
    feed.show(ALL);
    await settle();
    expect(statusOf(feed, "CP002")).toBe("Charging");
  });

  test("a station that does not exist is said to be missing", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    feed.show(one("CP404"));
    server.open();
    await settle();
    expect(feed.view).toMatchObject({ isMissing: true, phase: "live" });
  });
});

describe("meter curves", () => {
  test("history and live samples join, and the curve goes with its last watcher", async () => {
    const server = new FakeServer("CP001");
    const { feed, publish } = feedOf(server);
    feed.show(one("CP001"));
    server.open();
    await settle();
    for (const sample of [started(1, 7), meterEvent(2, 7, 1100), meterEvent(3, 7, 1200)]) {
      server.emit(sample);
    }
    publish();
    const unwatch = feed.watchMeter(7);
    await settle();
    server.emit(meterEvent(4, 7, 1300));
    publish();
    expect(feed.view.meters.get(7)?.map((point) => point.energyWh)).toEqual([1100, 1200, 1300]);
    unwatch();
    expect(feed.view.meters.has(7)).toBe(false);
  });
});

describe("a transaction that is looked at", () => {
  test("it is loaded even if it ended long ago, and the snapshot does not take it away", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    feed.watchMeter(7);
    server.state = { ...server.state, transactions: new Map([[7, transaction(7, { state: "ended" })]]) };
    await settle();
    feed.show(ALL);
    server.open();
    await settle();
    expect(feed.view.transactions.get(7)?.state).toBe("ended");
    expect(feed.view.meterProblems.size).toBe(0);
  });

  test("one that does not exist is told", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    feed.watchMeter(404);
    await settle();
    expect(feed.view.meterProblems.get(404)).toBe("not found");
  });
});

describe("commands", () => {
  const RESET = { station: "CP001", action: "Reset", payload: { type: "Soft" }, timeoutSeconds: 30 };

  test("a command goes over the open connection", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    server.open();
    expect(await feed.command(RESET)).toEqual({ type: "result", payload: { status: "Accepted" } });
    expect(server.commands).toEqual([RESET]);
  });

  test("without a connection a command fails at once and is not kept for later", async () => {
    const server = new FakeServer("CP001");
    const { feed } = feedOf(server);
    expect(await feed.command(RESET)).toMatchObject({ type: "failure" });
    server.open();
    await settle();
    expect(server.commands).toEqual([]);
  });

  test("admitting a station shows at once", async () => {
    const server = new FakeServer();
    server.state = { ...server.state, stations: new Map([["NEW", station("NEW", { registration: "Pending" })]]) };
    const { feed } = feedOf(server);
    feed.show(ALL);
    server.open();
    await settle();
    await feed.setRegistration("NEW", "Accepted");
    expect(feed.view.stations.get("NEW")?.registration).toBe("Accepted");
  });
});
