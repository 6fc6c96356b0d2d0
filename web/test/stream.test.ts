/** Server-sent events arrive whole, however the network cuts them. */
import { expect, test } from 'vitest';
import { EventParser, type ServerEvent } from '../src/api/stream';

const TEXT = ': hello\n\nevent: job\ndata: {"a":1}\n\ndata: one\ndata: two\r\n\r\nevent: none\n\nid: 5\ndata:x\n\n';

const EVENTS: ServerEvent[] = [
  { name: 'job', data: '{"a":1}' },
  { name: 'message', data: 'one\ntwo' },
  { name: 'message', data: 'x' },
];

test('events are read in one piece', () => {
  expect(new EventParser().push(TEXT)).toEqual(EVENTS);
});

test('events are read the same in pieces of any size', () => {
  for (let size = 1; size < TEXT.length; size += 1) {
    const parser = new EventParser();
    const got: ServerEvent[] = [];
    for (let at = 0; at < TEXT.length; at += size) got.push(...parser.push(TEXT.slice(at, at + size)));
    expect(got, `pieces of ${size}`).toEqual(EVENTS);
  }
});
