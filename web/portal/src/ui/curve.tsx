/** The curve of a transaction: power, energy since the start and state of charge over time, live. */

import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type MeterCurve, type PlotColumns, plotColumns } from "../live/meter";
import { useTheme } from "../theme";
import styles from "./curve.module.css";

type SeriesName = "power" | "soc" | "energy";

interface SeriesFacts {
  readonly name: SeriesName;
  readonly label: string;
  readonly unit: string;
  readonly color: string;
  readonly digits: number;
}

const FACTS: Readonly<Record<SeriesName, Omit<SeriesFacts, "name">>> = {
  power: { label: "Power", unit: "kW", color: "--charge", digits: 2 },
  soc: { label: "State of charge", unit: "%", color: "--soc", digits: 0 },
  energy: { label: "Energy", unit: "kWh", color: "--copper", digits: 3 },
};
const SERIES: readonly SeriesFacts[] = (["power", "soc", "energy"] as const).map(factsOf);

/** Seconds between the marks of the time axis. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

const FONT = '11.5px "Geist Variable", system-ui, sans-serif';

interface CurveProps {
  readonly curve: MeterCurve;
  readonly meterStartWh: number | null;
  readonly height: number;
  /** More samples come: then there is no zooming, which they would undo. */
  readonly isLive: boolean;
}

export function Curve({ curve, meterStartWh, height, isLive }: CurveProps) {
  const theme = useTheme();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<SeriesName>>(new Set());
  const [hovered, setHovered] = useState<number | null>(null);
  const columns = useMemo(() => plotColumns(curve, meterStartWh), [curve, meterStartWh]);
  const known = SERIES.filter(({ name }) => columns[name].some((value) => value !== null));
  const shown = known.map(({ name }) => name).filter((name) => !hidden.has(name));
  const shape = `${theme} ${height} ${isLive} ${shown.join(" ")}`;
  const isDrawable = columns.seconds.length > 1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` says when axes, series or colours change
  useEffect(() => {
    const element = frame.current;
    if (element === null || !isDrawable) {
      return;
    }
    const created = new uPlot(
      options(element, shown, { height, isLive, onHover: setHovered }),
      dataOf(columns, shown),
      element,
    );
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [shape, isDrawable]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: which series are shown only changes with `shape`
  useEffect(() => plot.current?.setData(dataOf(columns, shown)), [columns]);

  const toggle = (name: SeriesName) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    setHidden(next);
  };

  return (
    <figure className={styles.curve}>
      <figcaption className={styles.legend}>
        {known.map((series) => (
          <button
            type="button"
            key={series.name}
            className={styles.series}
            aria-pressed={!hidden.has(series.name)}
            onClick={() => toggle(series.name)}
          >
            <span className={styles.key} style={{ background: `var(${series.color})` }} />
            {series.label} <b>{valueText(columns, series, hovered)}</b> {series.unit}
          </button>
        ))}
        <span className={styles.moment}>{hovered === null ? "" : clock(columns.seconds[hovered] ?? 0, true)}</span>
      </figcaption>
      {isDrawable ? (
        <div ref={frame} className={styles.plot} style={{ height }} role="img" aria-label={summary(columns, known)} />
      ) : (
        <p className={styles.waiting} style={{ height }}>
          The curve begins with the second meter value.
        </p>
      )}
    </figure>
  );
}

interface Wishes {
  readonly height: number;
  readonly isLive: boolean;
  readonly onHover: (index: number | null) => void;
}

function options(element: HTMLElement, shown: readonly SeriesName[], wishes: Wishes): uPlot.Options {
  const { height, isLive, onHover } = wishes;
  const color = (variable: string, alpha = 1) => resolveColor(element, variable, alpha);
  const ticks = { stroke: color("--line"), width: 1, size: 5 };
  const axis = { stroke: color("--ink-muted"), font: FONT, ticks, gap: 6 };
  const [left, right] = axesOf(shown);
  return {
    width: element.clientWidth,
    height,
    padding: [10, right === undefined ? 14 : 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 8 }, drag: { x: !isLive, y: false } },
    hooks: { setCursor: [(plot) => onHover(plot.cursor.idx ?? null)] },
    scales: {
      x: { time: true },
      power: { range: (_, __, max) => [0, Math.max(1, (max || 0) * 1.15)] },
      soc: { range: [0, 100] },
      energy: { range: (_, __, max) => [0, Math.max(0.01, (max || 0) * 1.15)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        incrs: TIME_STEPS,
        values: (_, splits, __, ___, step) => splits.map((at) => clock(at, step < 60)),
      },
      ...[left, right]
        .filter((name) => name !== undefined)
        .map((name, index) => ({
          ...axis,
          stroke: color(factsOf(name).color),
          scale: name,
          side: index === 0 ? 3 : 1,
          size: 46,
          space: 34,
          grid: { show: index === 0, stroke: color("--line"), width: 1 },
        })),
    ],
    series: [{}, ...shown.map((name) => seriesOptions(name, color))],
  };
}

function seriesOptions(name: SeriesName, color: (variable: string, alpha?: number) => string): uPlot.Series {
  const { label, color: variable } = factsOf(name);
  return {
    scale: name,
    label,
    stroke: color(variable),
    width: 2,
    spanGaps: true,
    points: { show: false },
    ...(name === "power" && { fill: color(variable, 0.14) }),
    ...(name === "energy" && { dash: [6, 4] }),
  };
}

/** Power has the left axis, state of charge the right one; energy takes the one that is free. */
function axesOf(shown: readonly SeriesName[]): [SeriesName | undefined, SeriesName | undefined] {
  const left = shown.includes("power") ? "power" : shown.find((name) => name === "energy");
  const right = shown.includes("soc") ? "soc" : shown.find((name) => name === "energy" && name !== left);
  return [left, right];
}

function factsOf(name: SeriesName): SeriesFacts {
  return { name, ...FACTS[name] };
}

function dataOf(columns: PlotColumns, shown: readonly SeriesName[]): uPlot.AlignedData {
  return [columns.seconds, ...shown.map((name) => columns[name])];
}

function valueText(columns: PlotColumns, { name, digits }: SeriesFacts, hovered: number | null): string {
  const value = hovered === null ? columns[name].findLast((known) => known !== null) : columns[name][hovered];
  return value == null ? "–" : value.toFixed(digits);
}

function summary(columns: PlotColumns, known: readonly SeriesFacts[]): string {
  const values = known.map((series) => `${series.label} ${valueText(columns, series, null)} ${series.unit}`);
  return `Curve of ${columns.seconds.length} meter values. Latest: ${values.join(", ")}.`;
}

function clock(seconds: number, withSeconds: boolean): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    ...(withSeconds && { second: "2-digit" }),
    hourCycle: "h23",
  });
}

/** The colour behind a custom property, as a canvas understands it. */
function resolveColor(element: HTMLElement, variable: string, alpha: number): string {
  const probe = document.createElement("span");
  probe.style.color = `color-mix(in srgb, var(${variable}) ${alpha * 100}%, transparent)`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
