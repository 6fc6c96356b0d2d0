/**
 * Server-sent events through `fetch`, which, unlike `EventSource`, can send a token. Knows no resource.
 */
import { ApiError, BASE, headers, refusal } from './http';

/** One event: its name and its data, already joined. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** Cuts a stream of text into events as they become complete. */
export class EventParser {
  #rest = '';

  push(text: string): ServerEvent[] {
    // The two halves of a line end may come apart.
    this.#rest = (this.#rest + text).replaceAll('\r\n', '\n');
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(parseBlock).filter((event) => event !== null);
  }
}

function parseBlock(block: string): ServerEvent | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { name, data: data.join('\n') };
}

/** Reads events until the stream ends or is aborted. Rejects if it cannot be opened. */
export async function readEvents(path: string, abort: AbortSignal, take: (event: ServerEvent) => void): Promise<void> {
  const response = await fetch(`${BASE}${path}`, {
    cache: 'no-store',
    headers: { ...headers(), Accept: 'text/event-stream' },
    signal: abort,
  });
  if (!response.ok) throw await refusal(response);
  const kind = response.headers.get('Content-Type') ?? '';
  if (!kind.startsWith('text/event-stream') || response.body === null) {
    throw new ApiError(response.status, ['the answer is no event stream']);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of parser.push(value)) take(event);
  }
}
