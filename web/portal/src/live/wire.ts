/** The Socket.IO connection to the server, reduced to what the feed needs. */

import { io } from "socket.io-client";
import type { CommandOutcome, CommandPayload, Frame, LiveEvent, Subscription, SubscriptionAnswer } from "../api/types";

const SUBSCRIBE_TIMEOUT_MS = 10_000;
/** The server ends a command at its deadline; the portal waits a little longer for that answer. */
const COMMAND_GRACE_MS = 5000;

export interface WireHandlers {
  readonly onOpen: () => void;
  readonly onClose: () => void;
  readonly onUnauthorized: () => void;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onFrame: (frame: Frame) => void;
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
      reconnectionDelayMax: 5000,
    });
    socket.on("connect", handlers.onOpen);
    socket.on("event", handlers.onEvent);
    socket.on("frame", handlers.onFrame);
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
      subscribe: (subscription) => socket.timeout(SUBSCRIBE_TIMEOUT_MS).emitWithAck("subscribe", subscription),
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
