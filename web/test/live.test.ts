/** What is live stays fresh by a stream, falls back to asking, and rests when nobody looks. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Live } from '../src/model/live';

const hidden = { value: false };
let watchers: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  watchers = [];
  hidden.value = false;
  vi.stubGlobal('document', {
    get hidden() {
      return hidden.value;
    },
    addEventListener: (_: string, watcher: () => void) => watchers.push(watcher),
    removeEventListener: (_: string, watcher: () => void) => {
      watchers = watchers.filter((one) => one !== watcher);
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function answerWith(...chunks: string[]): void {
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (controller) => {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    const stream = body();
    init.signal?.addEventListener('abort', () => void stream.cancel().catch(() => undefined));
    return Promise.resolve(new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } }));
  });
}

test('while a stream lives, nothing is asked', async () => {
  answerWith('event: job\ndata: 1\n\n', 'event: job\ndata: 2\n\n');
  const poll = vi.fn(() => Promise.resolve());
  const taken: string[] = [];
  const live = new Live({ poll, pollMs: 1000, stream: { path: '/events', take: (event) => taken.push(event.data) } });
  const end = live.use();
  await vi.advanceTimersByTimeAsync(10_000);
  end();
  expect(taken).toEqual(['1', '2']);
  expect(poll).toHaveBeenCalledTimes(1);
});

test('without a stream it is asked again and again', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"errors":["there is no such thing"]}', { status: 404 })));
  const poll = vi.fn(() => Promise.resolve());
  const live = new Live({ poll, pollMs: 1000, stream: { path: '/events', take: () => undefined } });
  const end = live.use();
  await vi.advanceTimersByTimeAsync(10_100);
  end();
  expect(poll.mock.calls.length).toBeGreaterThanOrEqual(10);
  expect(live.error.value).toBeNull();
});

test('what will never change again is asked for once', async () => {
  const poll = vi.fn(() => Promise.resolve());
  const live = new Live({ poll, pollMs: 1000, settled: () => true });
  const end = live.use();
  await vi.advanceTimersByTimeAsync(10_000);
  end();
  expect(poll).toHaveBeenCalledTimes(1);
});

test('a cluster that is lost is said, and said again when it is back', async () => {
  const poll = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('gone')).mockResolvedValue(undefined);
  const live = new Live({ poll, pollMs: 1000 });
  const end = live.use();
  await vi.advanceTimersByTimeAsync(10);
  expect(live.error.value?.errors).toEqual(['gone']);
  await vi.advanceTimersByTimeAsync(1000);
  end();
  expect(live.error.value).toBeNull();
});

test('a hidden page asks for nothing, and a page without users neither', async () => {
  const poll = vi.fn(() => Promise.resolve());
  const live = new Live({ poll, pollMs: 1000 });
  const end = live.use();
  await vi.advanceTimersByTimeAsync(2500);
  hidden.value = true;
  for (const watcher of watchers) watcher();
  const before = poll.mock.calls.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(poll).toHaveBeenCalledTimes(before);
  hidden.value = false;
  for (const watcher of watchers) watcher();
  await vi.advanceTimersByTimeAsync(10);
  expect(poll).toHaveBeenCalledTimes(before + 1);
  end();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(poll).toHaveBeenCalledTimes(before + 1);
  expect(watchers).toEqual([]);
});
