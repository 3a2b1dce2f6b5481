/** The live frame log of a station: what crosses its socket, request and answer paired. */

import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import { formatClock } from "../format";
import {
  actionsOf,
  type FrameFilter,
  type FrameRow,
  filterRows,
  type FrameLog as Log,
  prettyFrame,
} from "../live/frames";
import { useFeed, useLive } from "../live/hooks";
import { Button } from "../ui/button";
import { InIcon, OutIcon, PauseIcon, PlayIcon } from "../ui/icons";
import styles from "./frame-log.module.css";

/** Rows drawn at once; earlier ones are a press away. */
const WINDOW = 300;
/** How close to the end counts as reading the newest. */
const AT_END_PX = 40;

const DIRECTIONS = [
  { value: "both", label: "Both" },
  { value: "in", label: "From station" },
  { value: "out", label: "To station" },
] as const;

export function FrameLog() {
  const feed = useFeed();
  const log = useLive((view) => view.frames);
  const [paused, setPaused] = useState<Log | null>(null);
  const [filter, setFilter] = useState<FrameFilter>({ text: "", direction: "both", action: null });
  const shown = paused ?? log;
  const rows = useMemo(() => filterRows(shown.rows, filter), [shown, filter]);
  const actions = useMemo(() => actionsOf(shown.rows), [shown]);
  const waiting = paused === null ? 0 : log.nextKey - paused.nextKey;
  const clear = () => {
    feed.clearFrames();
    setPaused(null);
  };
  return (
    <section className={styles.section} aria-labelledby="frame-log-title">
      <div className={styles.head}>
        <h2 id="frame-log-title">Live frames</h2>
        <span className={styles.count}>{countText(rows.length, shown.rows.length)}</span>
        <div className={styles.headActions}>
          <Button look="quiet" aria-pressed={paused !== null} onClick={() => setPaused(paused === null ? log : null)}>
            {paused === null ? <PauseIcon /> : <PlayIcon />}
            {paused === null ? "Pause" : `Resume${waiting > 0 ? ` (${waiting} new)` : ""}`}
          </Button>
          <Button look="quiet" onClick={clear} disabled={log.rows.length === 0}>
            Clear
          </Button>
        </div>
      </div>
      <FilterBar filter={filter} actions={actions} onChange={setFilter} />
      <Rows rows={rows} isEmpty={shown.rows.length === 0} isFollowing={paused === null} />
    </section>
  );
}

interface FilterBarProps {
  readonly filter: FrameFilter;
  readonly actions: readonly string[];
  readonly onChange: (filter: FrameFilter) => void;
}

function FilterBar({ filter, actions, onChange }: FilterBarProps) {
  return (
    <div className={styles.filters}>
      <input
        className={styles.input}
        type="search"
        placeholder="Find in frames"
        aria-label="Find in frames"
        value={filter.text}
        onChange={(event) => onChange({ ...filter, text: event.target.value })}
      />
      <select
        className={styles.input}
        aria-label="Direction"
        value={filter.direction}
        onChange={(event) => onChange({ ...filter, direction: event.target.value as FrameFilter["direction"] })}
      >
        {DIRECTIONS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select
        className={styles.input}
        aria-label="Action"
        value={filter.action ?? ""}
        onChange={(event) => onChange({ ...filter, action: event.target.value || null })}
      >
        <option value="">All actions</option>
        {actions.map((action) => (
          <option key={action}>{action}</option>
        ))}
      </select>
    </div>
  );
}

interface RowsProps {
  readonly rows: readonly FrameRow[];
  readonly isEmpty: boolean;
  readonly isFollowing: boolean;
}

/** The newest row is last. The list follows it until the reader scrolls away from the end. */
function Rows({ rows, isEmpty, isFollowing }: RowsProps) {
  const list = useRef<HTMLOListElement>(null);
  const lastTop = useRef(0);
  const [isAtEnd, setIsAtEnd] = useState(true);
  /** A row was opened: what is being read must stay where it is. */
  const [isHeld, setIsHeld] = useState(false);
  const [drawn, setDrawn] = useState(WINDOW);
  const follows = isFollowing && isAtEnd && !isHeld;

  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows are what it follows
  useLayoutEffect(() => {
    if (follows && list.current !== null) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  }, [rows, follows]);

  const onScroll = () => {
    const element = list.current;
    if (element === null) {
      return;
    }
    // Rows that arrive or leave also scroll; only a reader scrolls up and away from the end.
    const isNearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX;
    const wentUp = element.scrollTop < lastTop.current;
    lastTop.current = element.scrollTop;
    if (isNearEnd) {
      setIsAtEnd(true);
    } else if (wentUp) {
      setIsAtEnd(false);
    }
  };

  const follow = () => {
    setIsAtEnd(true);
    setIsHeld(false);
  };

  if (rows.length === 0) {
    return (
      <p className={styles.empty} data-testid="frame-log">
        {isEmpty
          ? "No frames yet. The next message to or from this station appears here."
          : "No frame matches this filter."}
      </p>
    );
  }
  const hidden = Math.max(0, rows.length - drawn);
  return (
    <div className={styles.frame}>
      <ol
        ref={list}
        className={styles.rows}
        onScroll={onScroll}
        data-testid="frame-log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        tabIndex={0}
        aria-label="Frames"
      >
        {hidden > 0 && (
          <li className={styles.earlier}>
            <Button look="quiet" onClick={() => setDrawn(drawn + WINDOW)}>
              Show {Math.min(WINDOW, hidden)} earlier frames
            </Button>
          </li>
        )}
        {rows.slice(-drawn).map((row) => (
          <Row key={row.key} row={row} onToggle={setIsHeld} />
        ))}
      </ol>
      {isFollowing && !follows && (
        <Button className={styles.toEnd} onClick={follow}>
          To the newest
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  readonly row: FrameRow;
  readonly onToggle: (isOpen: boolean) => void;
}

const Row = memo(function Row({ row, onToggle }: RowProps) {
  const item = useRef<HTMLLIElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  useLayoutEffect(() => {
    if (isOpen) {
      item.current?.scrollIntoView({ block: "nearest" });
    }
  }, [isOpen]);
  const toggle = () => {
    setIsOpen(!isOpen);
    onToggle(!isOpen);
  };
  if (row.kind === "gap") {
    return <li className={styles.gap}>Some frames are missing here: the portal was away too long.</li>;
  }
  return (
    <li ref={item} className={styles.item} data-kind={row.kind} data-direction={row.direction} data-testid="frame-row">
      <button type="button" className={styles.row} aria-expanded={isOpen} onClick={toggle}>
        <time className={styles.time}>{formatClock(row.at)}</time>
        <span className={styles.direction}>
          {row.direction === "in" ? <InIcon /> : <OutIcon />}
          <span className="visually-hidden">{row.direction === "in" ? "from the station" : "to the station"}</span>
        </span>
        <span className={styles.name}>
          <span className={styles.action}>{row.action ?? KIND_NAMES[row.kind]}</span>
          {row.action !== null && row.kind !== "call" && <span className={styles.kind}>{KIND_NAMES[row.kind]}</span>}
        </span>
        <span className={styles.took}>{tookText(row)}</span>
        <span className={styles.summary}>{row.summary}</span>
      </button>
      {isOpen && (
        <div className={styles.detail}>
          {row.messageId !== null && (
            <p>
              Message id <code>{row.messageId}</code>
            </p>
          )}
          <pre>{prettyFrame(row.text)}</pre>
        </div>
      )}
    </li>
  );
});

const KIND_NAMES: Readonly<Record<FrameRow["kind"], string>> = {
  call: "Request",
  result: "Answer",
  error: "Error",
  resultError: "Answer refused",
  send: "Send",
  malformed: "Not OCPP-J",
  gap: "",
};

function tookText(row: FrameRow): string {
  if (row.tookMs !== null) {
    return `${row.tookMs} ms`;
  }
  return row.kind === "call" ? "waiting" : "";
}

function countText(matching: number, all: number): string {
  return matching === all ? `${all}` : `${matching} of ${all}`;
}
