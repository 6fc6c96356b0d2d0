// Timer changes of a call, gathered and sent once at its end.
//
// Registering and deleting the same timer in one call must reach the host in that order: when the kind of change turns,
// what was gathered before goes out first. Usually it never turns.

import type { ByteString } from "./bytes.js";
import { columnOf } from "./column.js";
import { TypeMismatch } from "./errors.js";
import type { Host, TimeDomain } from "./host.js";

/** The end of event time: a timer at it fires when all input has ended. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;

/** Changes of one domain, all of one kind. */
class Pending {
  deletes = false;
  times: number[] = [];
  keys: ByteString[] = [];
  namespaces: ByteString[] = [];
}

/** Gathers timer changes. */
export class TimerService {
  readonly #pending: Record<TimeDomain, Pending> = { event: new Pending(), processing: new Pending() };

  constructor(readonly host: Host) {}

  /** Registers a timer of a key; doing it twice changes nothing. */
  register(domain: TimeDomain, time: number, key: ByteString, namespace: ByteString = ""): void {
    this.#change(false, domain, time, key, namespace);
  }

  /** Deletes a timer of a key; it need not exist. */
  delete(domain: TimeDomain, time: number, key: ByteString, namespace: ByteString = ""): void {
    this.#change(true, domain, time, key, namespace);
  }

  #change(deletes: boolean, domain: TimeDomain, time: number, key: ByteString, namespace: ByteString): void {
    if (!Number.isSafeInteger(time)) throw new TypeMismatch(`a timer at ${time} is impossible, give whole milliseconds`);
    if (this.#pending[domain].deletes !== deletes) {
      this.#send(domain);
      this.#pending[domain].deletes = deletes;
    }
    const pending = this.#pending[domain];
    pending.times.push(time);
    pending.keys.push(key);
    pending.namespaces.push(namespace);
  }

  #send(domain: TimeDomain): void {
    const { deletes, times, keys, namespaces } = this.#pending[domain];
    if (times.length === 0) return;
    this.#pending[domain] = new Pending();
    const timers = { count: times.length, times, keys: columnOf(keys), namespaces: columnOf(namespaces) };
    if (deletes) this.host.deleteTimers(domain, timers);
    else this.host.registerTimers(domain, timers);
  }

  /** Sends what is left at the end of a call. */
  flush(): void {
    this.#send("event");
    this.#send("processing");
  }
}
