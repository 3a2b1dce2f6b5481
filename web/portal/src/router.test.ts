import { expect, test } from "vitest";
import { parseRoute, paths } from "./router";

test("each screen has its path", () => {
  expect(parseRoute("/")).toEqual({ screen: "stations" });
  expect(parseRoute("/stations/")).toEqual({ screen: "stations" });
  expect(parseRoute("/transactions")).toEqual({ screen: "transactions", station: null });
  expect(parseRoute("/transactions", "?station=CP001")).toEqual({ screen: "transactions", station: "CP001" });
  expect(parseRoute("/transactions/12")).toEqual({ screen: "transaction", id: 12 });
});

test("an identity with any character comes back from its path", () => {
  for (const identity of ["CP001", "DE*ABC*E1", "a/b c", "100%", "ä.1"]) {
    expect(parseRoute(paths.station(identity))).toEqual({ screen: "station", identity });
  }
});

test("what no screen answers to is unknown", () => {
  for (const path of ["/nothing", "/transactions/abc", "/stations/a/b", "/stations/%E0%A4%A", "/transactions/-1"]) {
    expect(parseRoute(path)).toEqual({ screen: "unknown" });
  }
});
