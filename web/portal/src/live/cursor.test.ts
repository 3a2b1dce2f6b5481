import { expect, test } from "vitest";
import { afterEvent, afterFrame, afterSubscription, NOWHERE } from "./cursor";

const FRAMES = { epoch: "a", seq: 10 };

test("the first event is always taken", () => {
  expect(afterEvent(NOWHERE, { cursor: 1 })).toEqual({ events: 1, frames: null });
});

test("an event at or before the cursor is dropped", () => {
  const position = { events: 5, frames: null };
  expect(afterEvent(position, { cursor: 5 })).toBeNull();
  expect(afterEvent(position, { cursor: 4 })).toBeNull();
  expect(afterEvent(position, { cursor: 9 })).toEqual({ events: 9, frames: null });
});

test("a frame seen before is dropped, a later one moves the position", () => {
  const position = { events: null, frames: FRAMES };
  expect(afterFrame(position, { epoch: "a", seq: 10 })).toBeNull();
  expect(afterFrame(position, { epoch: "a", seq: 11 })?.frames).toEqual({ epoch: "a", seq: 11 });
});

test("a new epoch begins its own count", () => {
  expect(afterFrame({ events: null, frames: FRAMES }, { epoch: "b", seq: 1 })?.frames).toEqual({ epoch: "b", seq: 1 });
});

test("the first subscription takes the server's cursor and a snapshot", () => {
  const answer = { events: 7, frames: FRAMES, gap: false };
  expect(afterSubscription(NOWHERE, answer)).toEqual({ position: { events: 7, frames: null }, needsSnapshot: true });
});

test("resuming leaves the position to the events themselves", () => {
  const position = { events: 7, frames: FRAMES };
  expect(afterSubscription(position, { events: 9, frames: FRAMES, gap: false })).toEqual({
    position,
    needsSnapshot: false,
  });
});

test("a gap asks for a snapshot", () => {
  const position = { events: 7, frames: FRAMES };
  expect(afterSubscription(position, { events: 9, frames: FRAMES, gap: true }).needsSnapshot).toBe(true);
});

test("a cursor behind ours means another database: start over from there", () => {
  const position = { events: 700, frames: FRAMES };
  expect(afterSubscription(position, { events: 3, frames: FRAMES, gap: false })).toEqual({
    position: { events: 3, frames: FRAMES },
    needsSnapshot: true,
  });
});
