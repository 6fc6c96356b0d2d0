/**
 * A value that stays fresh: by server-sent events where the cluster has them, else by asking again. It rests while the
 * page is hidden, and says when it has lost the cluster.
 */
import { signal, type Signal } from '@preact/signals';
import { ApiError } from '../api/http';
import { readEvents, type ServerEvent } from '../api/stream';

/** How a value is got. */
export interface Feed {
  /** Asks once. */
  poll: (abort: AbortSignal) => Promise<void>;
  pollMs: number;
  /** A stream that saves the asking. */
  stream?: { path: string; take: (event: ServerEvent) => void };
  /** Whether the value will never change again, so that there is nothing more to ask. */
  settled?: () => boolean;
}

/** After a stream has failed, polling goes on so long before the stream is tried again. */
const STREAM_RETRY_MS = 15_000;

export class Live {
  /** The last refusal, or null while all is well. */
  readonly error: Signal<ApiError | null> = signal(null);
  #feed: Feed;
  #abort: AbortController | null = null;
  #users = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Starts for one more user; the returned function ends it for that user. */
  use(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      document.addEventListener('visibilitychange', this.#onVisibility);
      this.#start();
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) {
        document.removeEventListener('visibilitychange', this.#onVisibility);
        this.#stop();
      }
    };
  }

  /** Asks now, such as after an action. */
  refresh(): void {
    const abort = this.#abort;
    if (abort !== null) void this.#ask(abort.signal);
  }

  #onVisibility = (): void => {
    if (document.hidden) this.#stop();
    else if (this.#abort === null) this.#start();
  };

  #start(): void {
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  #stop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #run(abort: AbortSignal): Promise<void> {
    while (!abort.aborted) {
      await this.#ask(abort);
      if (this.#feed.settled?.() === true) return;
      const until = Date.now() + STREAM_RETRY_MS;
      if (this.#feed.stream !== undefined && this.error.peek() === null) await this.#follow(abort);
      do {
        await pause(this.#feed.pollMs, abort);
        if (abort.aborted) return;
        await this.#ask(abort);
      } while (Date.now() < until || this.#feed.stream === undefined);
    }
  }

  async #ask(abort: AbortSignal): Promise<void> {
    try {
      await this.#feed.poll(abort);
      if (!abort.aborted) this.error.value = null;
    } catch (error) {
      if (!abort.aborted) this.error.value = asApiError(error);
    }
  }

  async #follow(abort: AbortSignal): Promise<void> {
    const { stream } = this.#feed;
    if (stream === undefined) return;
    try {
      await readEvents(stream.path, abort, stream.take);
    } catch {
      // Polling goes on and reports what is wrong, if it still is.
    }
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, [error instanceof Error ? error.message : String(error)]);
}

function pause(ms: number, abort: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    abort.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
