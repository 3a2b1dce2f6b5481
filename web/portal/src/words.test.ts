import { expect, test } from "vitest";
import { connector, station, transaction } from "./live/fixtures";
import { flagNote, moodOf, moodWith, stateText, statusText, stopReasonText } from "./words";

test.each([
  ["Available", "free"],
  ["Charging", "charging"],
  ["Preparing", "busy"],
  ["SuspendedEV", "busy"],
  ["Occupied", "busy"],
  ["Faulted", "fault"],
  ["Unavailable", "out"],
  ["Unknown", "out"],
])("a connector that is %s looks %s", (status, mood) => {
  expect(moodOf({ connected: true }, { status })).toBe(mood);
});

test("what an offline station last said is not shown as true", () => {
  expect(moodOf({ connected: false }, { status: "Charging" })).toBe("out");
});

test("an occupied 2.x connector shows what its transaction is doing", () => {
  const occupied = connector({ status: "Occupied" });
  const charging = transaction(1, { chargingState: "Charging" });
  expect(statusText(occupied, charging)).toBe("Charging");
  expect(moodWith(station("A"), occupied, charging)).toBe("charging");
  expect(moodWith(station("A"), occupied, transaction(1, { chargingState: "SuspendedEV" }))).toBe("busy");
  expect(statusText(occupied, null)).toBe("Occupied");
});

test("a flag is explained, and one of a newer server is still readable", () => {
  expect(flagNote("meter_backwards").text).toContain("curve");
  expect(flagNote("brand_new").title).toBe("brand new");
});

test("stop reasons are words", () => {
  expect(stopReasonText("EVDisconnected")).toBe("Cable pulled at the car");
  expect(stopReasonText("GroundFault")).toBe("Ground fault");
  expect(stopReasonText(null)).toBe("–");
});

test("a transaction's state is words", () => {
  expect(stateText(transaction(1))).toBe("Running");
  expect(stateText(transaction(1, { chargingState: "EVConnected" }))).toBe("EV connected");
  expect(stateText(transaction(1, { state: "inferredEnded" }))).toBe("End inferred");
});
