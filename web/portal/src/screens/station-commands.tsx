/** The menu of commands to a whole station: reset, availability, and messages it is asked for. */

import type { Station } from "../api/types";
import { changeAvailability, family, type Order, RESET_KINDS, reset, TRIGGERS, trigger } from "../commands";
import { formatEnumeration } from "../format";
import { Button, ConfirmButton } from "../ui/button";
import { Disclosure } from "../ui/disclosure";
import styles from "./station-commands.module.css";
import { useCommand } from "./use-command";

export function StationCommands({ station }: { station: Station }) {
  const { pending, send } = useCommand(station.identity);
  const isDisabled = !station.connected || pending !== null;
  const version = family(station);
  return (
    <Disclosure label="Commands">
      {(close) => {
        const sendAndClose = (order: Order) => {
          close();
          void send(order);
        };
        return (
          <div className={styles.menu}>
            {!station.connected && (
              <p className={styles.offline}>The station is offline: it cannot be commanded now.</p>
            )}
            <h2>Restart</h2>
            {RESET_KINDS[version].map(({ type, label, hint }) => (
              <div className={styles.line} key={type}>
                <span>{hint}</span>
                <ConfirmButton question="Reset now?" disabled={isDisabled} onConfirm={() => sendAndClose(reset(type))}>
                  {label}
                </ConfirmButton>
              </div>
            ))}
            <h2>Whole station</h2>
            <div className={styles.pair}>
              <Button disabled={isDisabled} onClick={() => sendAndClose(changeAvailability(station, null, true))}>
                Put into operation
              </Button>
              <ConfirmButton
                question="Take it out?"
                disabled={isDisabled}
                onConfirm={() => sendAndClose(changeAvailability(station, null, false))}
              >
                Take out
              </ConfirmButton>
            </div>
            <h2>Ask it for</h2>
            <div className={styles.triggers}>
              {TRIGGERS[version].map((message) => (
                <Button key={message} look="quiet" disabled={isDisabled} onClick={() => sendAndClose(trigger(message))}>
                  {formatEnumeration(message)}
                </Button>
              ))}
            </div>
          </div>
        );
      }}
    </Disclosure>
  );
}
