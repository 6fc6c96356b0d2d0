/** Something read for one screen: its value, its error, and how to read it again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/http';
import { asApiError } from './live';

export interface Resource<T> {
  value: T | null;
  error: ApiError | null;
  reload: () => void;
}

/** Reads when a dependency changes and then every `everyMs` (0: never again) while the page is visible. */
export function useResource<T>(
  read: (abort: AbortSignal) => Promise<T>,
  dependencies: readonly unknown[],
  everyMs = 0,
): Resource<T> {
  const [state, setState] = useState<{ value: T | null; error: ApiError | null }>({ value: null, error: null });
  const reading = useRef<() => void>(() => undefined);
  useEffect(() => {
    const abort = new AbortController();
    const once = async (): Promise<void> => {
      try {
        const value = await read(abort.signal);
        if (!abort.signal.aborted) setState({ value, error: null });
      } catch (error) {
        if (!abort.signal.aborted) setState((before) => ({ value: before.value, error: asApiError(error) }));
      }
    };
    reading.current = () => void once();
    setState((before) => (before.value === null && before.error === null ? before : { value: null, error: null }));
    void once();
    const timer =
      everyMs > 0
        ? setInterval(() => {
            if (!document.hidden) void once();
          }, everyMs)
        : undefined;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, dependencies);
  return { ...state, reload: () => reading.current() };
}
