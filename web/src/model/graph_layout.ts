/** Where the nodes of a job graph lie and how its edges run, from left to right. Geometry only: no drawing. */
import { Graph, layout } from '@dagrejs/dagre';

export interface Box {
  id: string;
  width: number;
  height: number;
}

export interface Link {
  from: string;
  to: string;
  /** Tells apart several edges between two nodes. */
  num: number;
}

export interface Placed extends Box {
  /** The upper left corner. */
  x: number;
  y: number;
}

export interface Route {
  from: string;
  to: string;
  num: number;
  /** The path of an SVG element. */
  path: string;
  /** Where its label belongs. */
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  boxes: Placed[];
  routes: Route[];
}

interface Point {
  x: number;
  y: number;
}

const LABEL = { width: 96, height: 36 };

/** How far from the middle of its label an edge runs level. */
const LEVEL = 26;

export function place(boxes: readonly Box[], links: readonly Link[]): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 44, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  const known = links.filter((link) => graph.hasNode(link.from) && graph.hasNode(link.to));
  for (const link of known) {
    graph.setEdge(link.from, link.to, { ...LABEL, labelpos: 'c' }, String(link.num));
  }
  layout(graph);
  const placed = boxes.map((box) => {
    const { x, y } = graph.node(box.id) as Point;
    return { ...box, x: x - box.width / 2, y: y - box.height / 2 };
  });
  const byId = new Map(placed.map((box) => [box.id, box]));
  const routes = known.map((link) => {
    const edge = graph.edge(link.from, link.to, String(link.num)) as { points: Point[]; x: number; y: number };
    // The line runs level below the label, which stands on both sides of it.
    const label = [-LEVEL, LEVEL].map((by) => ({ x: edge.x + by, y: edge.y }));
    const inner = edge.points.slice(1, -1).filter((point) => Math.abs(point.x - edge.x) > LEVEL);
    const middle = [...inner, ...label].sort((a, b) => a.x - b.x);
    return { ...link, path: smooth(ends(byId, link, middle)), x: edge.x, y: edge.y };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width: Math.max(width, 0), height: Math.max(height, 0), boxes: placed, routes };
}

/** The points of an edge, from the middle of the right side of a box to the middle of the left side of another. */
function ends(boxes: Map<string, Placed>, link: Link, inner: Point[]): Point[] {
  const from = boxes.get(link.from);
  const to = boxes.get(link.to);
  if (from === undefined || to === undefined) return inner;
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = { x: to.x, y: to.y + to.height / 2 };
  return [start, ...inner.filter((point) => point.x > start.x && point.x < end.x), end];
}

/** A curve through points that leaves and enters each of them horizontally. */
export function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  for (const point of rest) {
    const dx = (point.x - last.x) / 2;
    path += `C${round(last.x + dx)} ${round(last.y)} ${round(point.x - dx)} ${round(point.y)} ${round(point.x)} ${round(point.y)}`;
    last = point;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
