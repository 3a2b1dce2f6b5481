/**
 * Where in the live stream the portal stands: what was seen is dropped, what was missed is asked for. Pure.
 *
 * Events carry a cursor that only grows. Frames carry a number within an epoch; a new epoch means the server
 * restarted and its ring of frames began anew.
 */

import type { Frame, FramePosition, LiveEvent, SubscriptionAnswer } from "../api/types";

export interface Position {
  readonly events: number | null;
  readonly frames: FramePosition | null;
}

export const NOWHERE: Position = { events: null, frames: null };

/** The position after an event, or null when it was seen before. */
export function afterEvent(position: Position, event: Pick<LiveEvent, "cursor">): Position | null {
  if (position.events !== null && event.cursor <= position.events) {
    return null;
  }
  return { ...position, events: event.cursor };
}

/** The position after a frame, or null when it was seen before. */
export function afterFrame(position: Position, frame: Pick<Frame, "epoch" | "seq">): Position | null {
  const last = position.frames;
  if (last !== null && last.epoch === frame.epoch && frame.seq <= last.seq) {
    return null;
  }
  return { ...position, frames: { epoch: frame.epoch, seq: frame.seq } };
}

/**
 * The position after a subscription was answered, and whether a new snapshot is needed.
 *
 * What was missed is emitted on its own and moves the position itself; the answer only fills in what is not known
 * yet. A cursor behind ours means that the server keeps another database now.
 */
export function afterSubscription(
  position: Position,
  answer: SubscriptionAnswer,
): { readonly position: Position; readonly needsSnapshot: boolean } {
  const isFirst = position.events === null;
  const isOtherHistory = position.events !== null && answer.events < position.events;
  return {
    position: isFirst || isOtherHistory ? { ...position, events: answer.events } : position,
    needsSnapshot: isFirst || isOtherHistory || answer.gap,
  };
}
