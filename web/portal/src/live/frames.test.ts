import { describe, expect, test } from "vitest";
import { frame, NOON } from "./fixtures";
import { actionsOf, appendFrames, appendGap, EMPTY_LOG, filterRows, LOG_LIMIT, prettyFrame } from "./frames";

const BOOT = frame(1, "in", '[2,"1","BootNotification",{"chargePointVendor":"Acme"}]');
const BOOT_ANSWER = frame(4, "out", '[3,"1",{"status":"Accepted"}]');
const START = frame(5, "out", '[2,"1","RemoteStartTransaction",{"idTag":"TAG"}]');
const START_ANSWER = frame(8, "in", '[4,"1","InternalError","no idea",{}]');

describe("reading", () => {
  test.each([
    ['[2,"1","Heartbeat",{}]', "call"],
    ['[3,"1",{}]', "result"],
    ['[4,"1","NotSupported","",{}]', "error"],
    ['[5,"1","FormatViolation","",{}]', "resultError"],
    ['[6,"1","NotifyPeriodicEventStream",{}]', "send"],
    ["[9]", "malformed"],
    ["hello", "malformed"],
    ['{"a":1}', "malformed"],
  ])("%s is a %s", (text, kind) => {
    expect(appendFrames(EMPTY_LOG, [frame(1, "in", text)]).rows[0]?.kind).toBe(kind);
  });

  test("an empty payload has no summary, an error shows its code and text", () => {
    const rows = appendFrames(EMPTY_LOG, [frame(1, "in", '[2,"1","Heartbeat",{}]'), START_ANSWER]).rows;
    expect(rows.map((row) => row.summary)).toEqual(["", "InternalError: no idea"]);
  });

  test("JSON is indented, the rest stays as it came", () => {
    expect(prettyFrame('[3,"1",{}]')).toBe('[\n  3,\n  "1",\n  {}\n]');
    expect(prettyFrame("[3,")).toBe("[3,");
  });
});

describe("pairing", () => {
  test("an answer knows its action, and both rows how long it took", () => {
    const rows = appendFrames(EMPTY_LOG, [BOOT, BOOT_ANSWER]).rows;
    expect(rows[0]).toMatchObject({ answer: "result", tookMs: 30 });
    expect(rows[1]).toMatchObject({ action: "BootNotification", tookMs: 30 });
  });

  test("requests with one id in opposite directions are not mixed up", () => {
    const rows = appendFrames(EMPTY_LOG, [BOOT, START, BOOT_ANSWER, START_ANSWER]).rows;
    expect(rows.map((row) => [row.action, row.answer])).toEqual([
      ["BootNotification", "result"],
      ["RemoteStartTransaction", "error"],
      ["BootNotification", null],
      ["RemoteStartTransaction", null],
    ]);
  });

  test("pairing works across batches", () => {
    const log = appendFrames(appendFrames(EMPTY_LOG, [BOOT]), [BOOT_ANSWER]);
    expect(log.rows[0]?.answer).toBe("result");
  });

  test("an answer nobody asked for and a second answer stay alone", () => {
    const rows = appendFrames(EMPTY_LOG, [BOOT_ANSWER, BOOT, BOOT_ANSWER, BOOT_ANSWER]).rows;
    expect(rows.map((row) => row.action)).toEqual([null, "BootNotification", "BootNotification", null]);
  });
});

describe("bounds", () => {
  const MANY = Array.from({ length: LOG_LIMIT + 500 }, (_, index) =>
    frame(index, "in", `[2,"${index}","Heartbeat",{}]`),
  );

  test("the oldest rows make room, and pairing still finds what is left", () => {
    const log = appendFrames(appendFrames(EMPTY_LOG, MANY), [frame(9000, "out", '[3,"2400",{}]')]);
    expect(log.rows).toHaveLength(LOG_LIMIT);
    expect(log.rows.find((row) => row.messageId === "2400")?.answer).toBe("result");
    expect(log.requests.size).toBeLessThanOrEqual(LOG_LIMIT);
  });

  test("an answer to a request that left the log stays alone", () => {
    const log = appendFrames(appendFrames(EMPTY_LOG, MANY), [frame(9000, "out", '[3,"3",{}]')]);
    expect(log.rows.at(-1)).toMatchObject({ action: null, tookMs: null });
  });

  test("a gap is marked where frames are missing, but not at the very beginning", () => {
    expect(appendGap(EMPTY_LOG, NOON).rows).toEqual([]);
    expect(appendGap(appendFrames(EMPTY_LOG, [BOOT]), NOON).rows.map((row) => row.kind)).toEqual(["call", "gap"]);
  });
});

describe("filtering", () => {
  const rows = appendFrames(EMPTY_LOG, [BOOT, BOOT_ANSWER, START, START_ANSWER]).rows;
  const ALL = { text: "", direction: "both", action: null } as const;

  test("no filter is the same list", () => {
    expect(filterRows(rows, ALL)).toBe(rows);
  });

  test("by direction, by action with its answers, and by text in any case", () => {
    expect(filterRows(rows, { ...ALL, direction: "in" })).toHaveLength(2);
    expect(filterRows(rows, { ...ALL, action: "BootNotification" })).toHaveLength(2);
    expect(filterRows(rows, { ...ALL, text: "NO IDEA" })).toHaveLength(1);
  });

  test("the actions of the log are offered once each", () => {
    expect(actionsOf(rows)).toEqual(["BootNotification", "RemoteStartTransaction"]);
  });
});
