/** The job graph is drawn so that one can read it: nothing overlaps, records flow to the right. */
import { expect, test } from 'vitest';
import { place, smooth, type Box, type Link } from '../src/model/graph_layout';

/** A generator of numbers with a seed that a failure names. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function graph(seed: number): { boxes: Box[]; links: Link[] } {
  const next = random(seed);
  const boxes = Array.from({ length: 2 + Math.floor(next() * 14) }, (_, id) => ({
    id: String(id), width: 236, height: 60 + Math.floor(next() * 120),
  }));
  const links: Link[] = [];
  for (let to = 1; to < boxes.length; to += 1) {
    const inputs = 1 + Math.floor(next() * 2);
    for (let num = 0; num < inputs; num += 1) links.push({ from: String(Math.floor(next() * to)), to: String(to), num });
  }
  return { boxes, links };
}

test('boxes never overlap and edges go to the right', () => {
  for (let seed = 1; seed <= 16; seed += 1) {
    const { boxes, links } = graph(seed);
    const layout = place(boxes, links);
    expect(layout.boxes, `seed ${seed}`).toHaveLength(boxes.length);
    expect(layout.routes, `seed ${seed}`).toHaveLength(links.length);
    const byId = new Map(layout.boxes.map((box) => [box.id, box]));
    for (const link of links) {
      const [from, to] = [byId.get(link.from)!, byId.get(link.to)!];
      expect(from.x + from.width, `seed ${seed}: ${link.from} -> ${link.to}`).toBeLessThan(to.x);
    }
    for (const a of layout.boxes) {
      for (const b of layout.boxes) {
        if (a.id >= b.id) continue;
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
        expect(apart, `seed ${seed}: ${a.id} and ${b.id}`).toBe(true);
      }
    }
  }
});

test('the same graph is laid out the same way', () => {
  const { boxes, links } = graph(7);
  expect(place(boxes, links)).toEqual(place(boxes, links));
});

test('an edge to nowhere is left out, an empty graph is empty', () => {
  expect(place([{ id: 'a', width: 10, height: 10 }], [{ from: 'a', to: 'b', num: 0 }]).routes).toEqual([]);
  expect(place([], []).boxes).toEqual([]);
  expect(smooth([])).toBe('');
});
