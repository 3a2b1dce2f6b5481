import { expect, test } from "vitest";
import type { MeterPoint } from "../api/types";
import { mergeMeter, plotColumns } from "./meter";

function point(second: number, values: Partial<MeterPoint> = {}): MeterPoint {
  return {
    at: `2025-11-21T12:00:${String(second).padStart(2, "0")}Z`,
    energyWh: null,
    powerW: null,
    socPercent: null,
    ...values,
  };
}

test("later samples are appended", () => {
  expect(mergeMeter([point(1)], [point(2), point(3)])).toEqual([point(1), point(2), point(3)]);
});

test("a snapshot that arrives after live samples joins them without doubles", () => {
  const live = [point(3, { powerW: 30 }), point(4, { powerW: 40 })];
  const snapshot = [point(1, { powerW: 10 }), point(2, { powerW: 20 }), point(3, { powerW: 30 })];
  expect(mergeMeter(live, snapshot).map((sample) => sample.powerW)).toEqual([10, 20, 30, 40]);
});

test("merging the same samples again changes nothing", () => {
  const curve = [point(1, { powerW: 10 }), point(2, { powerW: 20 })];
  expect(mergeMeter(mergeMeter(curve, curve), curve)).toEqual(curve);
});

test("two spellings of one instant are one sample", () => {
  const other = { ...point(1, { socPercent: 50 }), at: "2025-11-21T13:00:01.000+01:00" };
  expect(mergeMeter([point(1, { powerW: 10 })], [other])).toEqual([point(1, { powerW: 10, socPercent: 50 })]);
});

test("an event's extra fields do not enter the curve", () => {
  const sample = { ...point(1), currentA: 16, evseId: 1 };
  expect(mergeMeter([], [sample])).toEqual([point(1)]);
});

test("a plot shows energy since the start, not the register", () => {
  const columns = plotColumns([point(1, { energyWh: 5000, powerW: 11_000 }), point(2, { energyWh: 6500 })], 5000);
  expect(columns.energy).toEqual([0, 1.5]);
  expect(columns.power).toEqual([11, null]);
});

test("without a start value the first sample is the start", () => {
  expect(plotColumns([point(1), point(2, { energyWh: 800 }), point(3, { energyWh: 1800 })], null).energy).toEqual([
    null,
    0,
    1,
  ]);
});
