import { describe, expect, test } from "vitest";
import { changeAvailability, explain, reset, start, startObstacle, stop, trigger, unlock } from "./commands";
import { connector, station, transaction } from "./live/fixtures";

const V16 = station("CP001");
const V201 = station("CP002", { protocol: "ocpp2.0.1" });
const PLUG = connector({ evseId: 2, connectorId: 1 });

describe("payloads", () => {
  test("a start names connector and tag in 1.6, EVSE and token in 2.x", () => {
    expect(start(V16, PLUG, "TAG", 5)).toEqual({
      action: "RemoteStartTransaction",
      payload: { connectorId: 2, idTag: "TAG" },
    });
    expect(start(V201, PLUG, "TAG", 5)).toEqual({
      action: "RequestStartTransaction",
      payload: { evseId: 2, remoteStartId: 5, idToken: { idToken: "TAG", type: "Central" } },
    });
  });

  test("a stop carries a number in 1.6 and the station's text in 2.x", () => {
    expect(stop(V16, transaction(7))).toEqual({ action: "RemoteStopTransaction", payload: { transactionId: 7 } });
    expect(stop(V201, transaction(7, { transactionId: "a-b" })).payload).toEqual({ transactionId: "a-b" });
  });

  test("availability means the whole station when no connector is named", () => {
    expect(changeAvailability(V16, null, false).payload).toEqual({ connectorId: 0, type: "Inoperative" });
    expect(changeAvailability(V16, PLUG, true).payload).toEqual({ connectorId: 2, type: "Operative" });
    expect(changeAvailability(V201, null, true).payload).toEqual({ operationalStatus: "Operative" });
    expect(changeAvailability(V201, PLUG, false).payload).toEqual({
      operationalStatus: "Inoperative",
      evse: { id: 2, connectorId: 1 },
    });
  });

  test("unlock, reset and trigger", () => {
    expect(unlock(V16, PLUG).payload).toEqual({ connectorId: 2 });
    expect(unlock(V201, PLUG).payload).toEqual({ evseId: 2, connectorId: 1 });
    expect(reset("Soft").payload).toEqual({ type: "Soft" });
    expect(trigger("Heartbeat").payload).toEqual({ requestedMessage: "Heartbeat" });
  });
});

describe("obstacles to a start", () => {
  test.each([
    ["an offline station", station("A", { connected: false }), PLUG, "TAG"],
    ["a pending station", station("A", { registration: "Pending" }), PLUG, "TAG"],
    ["a faulted connector", V16, connector({ status: "Faulted" }), "TAG"],
    ["no token", V16, PLUG, "  "],
  ])("%s", (_, owner, plug, token) => {
    expect(startObstacle(owner, plug, token)).not.toBeNull();
  });

  test("none when the connector is free, in use of a cable, or of unknown status", () => {
    for (const status of ["Available", "Preparing", "Occupied", "Finishing", "Unknown"]) {
      expect(startObstacle(V16, connector({ status }), "TAG")).toBeNull();
    }
  });
});

describe("answers in words", () => {
  const START = start(V16, PLUG, "TAG", 1);

  test("accepted is not started", () => {
    const told = explain("CP001", START, { type: "result", payload: { status: "Accepted" } });
    expect(told).toMatchObject({ tone: "good", title: "CP001 accepted" });
    expect(told.next).toContain("once the station reports it");
  });

  test("rejected says what to check", () => {
    const told = explain("CP001", START, { type: "result", payload: { status: "Rejected" } });
    expect(told).toMatchObject({ tone: "warning", title: "CP001 answered Rejected" });
    expect(told.next).toContain("ID token");
  });

  test("an unlock that failed sends somebody there", () => {
    const told = explain("CP001", unlock(V16, PLUG), { type: "result", payload: { status: "UnlockFailed" } });
    expect(told).toMatchObject({ tone: "warning", title: "CP001 answered Unlock failed" });
  });

  test("a reset when idle is scheduled", () => {
    expect(explain("CP002", reset("OnIdle"), { type: "result", payload: { status: "Scheduled" } }).tone).toBe("good");
  });

  test("an error shows its code and its text", () => {
    const told = explain("CP001", START, { type: "error", code: "NotSupported", description: "No remote start." });
    expect(told.title).toBe("Remote start transaction: NotSupported");
    expect(told.next).toBe("No remote start. This station does not support the command.");
  });

  test.each([
    [0, "connection is back"],
    [409, "connected"],
    [502, "may have had its effect"],
    [504, "may still act"],
  ])("failure %d says what to do next", (status, text) => {
    expect(explain("CP001", START, { type: "failure", status, detail: "It failed." }).next).toContain(text);
  });

  test("an invalid payload is explained by its detail alone", () => {
    expect(explain("CP001", START, { type: "failure", status: 422, detail: "idTag: too long" }).next).toBe(
      "idTag: too long",
    );
  });
});
