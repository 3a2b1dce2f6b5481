/** The Socket.IO connection to the server, reduced to what the feed needs. */

import { io } from "socket.io-client";
import { ApiError } from "../api/rest";
import type { CommandOutcome, CommandPayload, Frame, LiveEvent, Subscription, SubscriptionAnswer } from "../api/types";

/** The answer comes after everything that was missed, which may be much. */
const SUBSCRIBE_TIMEOUT_MS = 60_000;
/** The server ends a command at its deadline; the portal waits a little longer for that answer. */
const COMMAND_GRACE_MS = 5000;

export interface WireHandlers {
  readonly onOpen: () => void;
  readonly onClose: () => void;
  readonly onUnauthorized: () => void;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onFrame: (frame: Frame) => void;
  /** Frames had to be dropped because this browser did not keep up. */
  readonly onGap: () => void;
}

export interface Command {
  readonly station: string;
  readonly action: string;
  readonly payload: CommandPayload;
  readonly timeoutSeconds: number;
}

export interface Wire {
  readonly isOpen: boolean;
  subscribe(subscription: Subscription): Promise<SubscriptionAnswer>;
  command(command: Command): Promise<CommandOutcome>;
  close(): void;
}

export type Connect = (handlers: WireHandlers) => Wire;

/** Returns the way to connect with a token; the connection reconnects by itself until it is closed. */
export function socketIo(token: string): Connect {
  return (handlers) => {
    const socket = io({
      auth: { token },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 3000,
    });
    socket.on("connect", handlers.onOpen);
    socket.on("event", handlers.onEvent);
    socket.on("frame", handlers.onFrame);
    socket.on("gap", handlers.onGap);
    socket.on("disconnect", (reason) => {
      handlers.onClose();
      if (reason === "io server disconnect") {
        // The one reason after which the client does not reconnect by itself.
        socket.connect();
      }
    });
    socket.on("connect_error", (error) => {
      if (error.message === "unauthorized") {
        handlers.onUnauthorized();
      } else {
        handlers.onClose();
      }
    });
    return {
      get isOpen() {
        return socket.connected;
      },
      subscribe: async (subscription) => {
        const answer = await socket.timeout(SUBSCRIBE_TIMEOUT_MS).emitWithAck("subscribe", subscription);
        return accepted(answer);
      },
      command: ({ station, action, payload, timeoutSeconds }) =>
        socket
          .timeout(timeoutSeconds * 1000 + COMMAND_GRACE_MS)
          .emitWithAck("command", { station, action, payload, timeout: timeoutSeconds }),
      close: () => {
        socket.close();
      },
    };
  };
}

type Failure = Extract<CommandOutcome, { type: "failure" }>;

function accepted(answer: SubscriptionAnswer | Failure): SubscriptionAnswer {
  if ("type" in answer) {
    throw new ApiError(answer.status, answer.detail ?? answer.title ?? "The server refused the subscription.");
  }
  return answer;
}
