/** The meter curve of one transaction: samples in order of time, each instant once. Pure. */

import type { MeterPoint } from "../api/types";

export type MeterCurve = readonly MeterPoint[];

/** Adds samples to a curve. An instant that is there already keeps its values and gains those it lacked. */
export function mergeMeter(curve: MeterCurve, samples: MeterCurve): MeterCurve {
  if (samples.length === 0) {
    return curve;
  }
  const last = curve.at(-1);
  const isAppend = samples.every(
    (sample, index) => timeOf(sample) > timeOf(samples[index - 1] ?? last ?? { at: "0000-01-01T00:00:00Z" }),
  );
  if (isAppend) {
    return [...curve, ...samples.map(pointOf)];
  }
  const byTime = new Map<number, MeterPoint>();
  for (const point of [...curve, ...samples]) {
    const known = byTime.get(timeOf(point));
    byTime.set(timeOf(point), known === undefined ? pointOf(point) : fillIn(known, point));
  }
  return [...byTime.entries()].sort(([a], [b]) => a - b).map(([, point]) => point);
}

/** Columns for a plot: seconds, power in kW, energy since the start in kWh, state of charge in percent. */
export function plotColumns(curve: MeterCurve, meterStartWh: number | null): PlotColumns {
  const base = meterStartWh ?? curve.find((point) => point.energyWh !== null)?.energyWh ?? 0;
  return {
    seconds: curve.map((point) => timeOf(point) / 1000),
    power: curve.map((point) => (point.powerW === null ? null : point.powerW / 1000)),
    energy: curve.map((point) => (point.energyWh === null ? null : (point.energyWh - base) / 1000)),
    soc: curve.map((point) => point.socPercent),
  };
}

export interface PlotColumns {
  readonly seconds: number[];
  readonly power: (number | null)[];
  readonly energy: (number | null)[];
  readonly soc: (number | null)[];
}

function timeOf(point: Pick<MeterPoint, "at">): number {
  return Date.parse(point.at);
}

function pointOf({ at, energyWh, powerW, socPercent }: MeterPoint): MeterPoint {
  return { at, energyWh, powerW, socPercent };
}

function fillIn(known: MeterPoint, other: MeterPoint): MeterPoint {
  return {
    at: known.at,
    energyWh: known.energyWh ?? other.energyWh,
    powerW: known.powerW ?? other.powerW,
    socPercent: known.socPercent ?? other.socPercent,
  };
}
