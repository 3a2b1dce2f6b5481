import { describe, expect, test } from "vitest";
import {
  formatAgo,
  formatClock,
  formatDuration,
  formatEnergy,
  formatEnumeration,
  formatPercent,
  formatPower,
  formatProtocol,
} from "./format";

describe("numbers", () => {
  test("energy keeps three decimals below 100 kWh so that a live value does not jump", () => {
    expect(formatEnergy(0)).toBe("0.000");
    expect(formatEnergy(1234)).toBe("1.234");
    expect(formatEnergy(123_456)).toBe("123.5");
  });

  test("what a station never told is a dash, not a zero", () => {
    expect(formatEnergy(null)).toBe("–");
    expect(formatPower(null)).toBe("–");
    expect(formatPercent(null)).toBe("–");
  });

  test("power is in kilowatts", () => {
    expect(formatPower(11_040)).toBe("11.04");
    expect(formatPower(350_000)).toBe("350.0");
  });
});

describe("times", () => {
  test.each([
    [0, "0 s"],
    [42_900, "42 s"],
    [185_000, "3 min 05 s"],
    [7_620_000, "2 h 07 min"],
    [349_200_000, "4 d 1 h"],
    [-5000, "0 s"],
  ])("%d ms lasts %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test.each([
    [3, "just now"],
    [37, "30 s ago"],
    [125, "2 min ago"],
    [7300, "2 h ago"],
    [200_000, "2 d ago"],
  ])("%d seconds are %s", (seconds, text) => {
    const now = Date.parse("2025-11-21T12:00:00Z");
    expect(formatAgo(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
  });

  test("a station that was never seen says so", () => {
    expect(formatAgo(null, 0)).toBe("never");
  });

  test("the clock shows milliseconds", () => {
    expect(formatClock("2025-11-21T12:00:00.007")).toBe("12:00:00.007");
  });
});

describe("names", () => {
  test("a protocol is spelled as people write it", () => {
    expect(formatProtocol("ocpp2.0.1")).toBe("OCPP 2.0.1");
    expect(formatProtocol(null)).toBe("OCPP");
  });

  test.each([
    ["SuspendedEV", "Suspended EV"],
    ["SuspendedEVSE", "Suspended EVSE"],
    ["EVConnected", "EV connected"],
    ["PowerLoss", "Power loss"],
    ["DeAuthorized", "De authorized"],
    ["Charging", "Charging"],
  ])("%s reads as %s", (value, text) => {
    expect(formatEnumeration(value)).toBe(text);
  });
});
