/** Sending commands from a screen: one at a time per place, and every answer becomes a message. */

import { useState } from "react";
import type { CommandOutcome } from "../api/types";
import { explain, type Order } from "../commands";
import { useFeed } from "../live/hooks";
import { useToast } from "../ui/toasts";

const TIMEOUT_SECONDS = 30;

export interface Commander {
  /** The action on its way, to show which button waits. */
  readonly pending: string | null;
  readonly send: (order: Order) => Promise<CommandOutcome>;
}

export function useCommand(station: string): Commander {
  const feed = useFeed();
  const toast = useToast();
  const [pending, setPending] = useState<string | null>(null);
  const send = async (order: Order): Promise<CommandOutcome> => {
    setPending(order.action);
    const outcome = await feed.command({ station, ...order, timeoutSeconds: TIMEOUT_SECONDS });
    setPending(null);
    toast(explain(station, order, outcome));
    return outcome;
  };
  return { pending, send };
}

export function isAccepted(outcome: CommandOutcome): boolean {
  return outcome.type === "result" && outcome.payload.status === "Accepted";
}
