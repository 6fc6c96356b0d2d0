/**
 * Who holds event time back. A watermark is the least of those of the inputs, so the way leads from where event time is
 * least against the stream along the least input; the subtask at which most is lost on that way holds the others.
 * Idle subtasks hold nobody.
 */

export interface SubtaskWatermark {
  vertex: string;
  subtask: number;
  watermark: number | null;
  idle: boolean;
}

/** A vertex and those it reads from. */
export interface Reading {
  id: string;
  inputs: readonly { id: string }[];
}

interface Known extends SubtaskWatermark {
  watermark: number;
}

export function holder(
  plan: readonly Reading[],
  watermarks: ReadonlyMap<string, readonly SubtaskWatermark[]>,
): SubtaskWatermark | null {
  const leastOf = (ids: readonly string[]): Known | null =>
    least(ids.flatMap((id) => watermarks.get(id) ?? []).filter(isKnown));
  const vertices = new Map(plan.map((vertex) => [vertex.id, vertex]));
  const sources = plan.filter((vertex) => vertex.inputs.length === 0).map((vertex) => vertex.id);
  const furthest = Math.max(...sources.flatMap((id) => watermarks.get(id) ?? []).filter(isKnown).map((one) => one.watermark));

  let at = leastOf(plan.map((vertex) => vertex.id));
  let holding: { who: Known; lost: number } | null = null;
  // Every step goes against the stream, which has no cycles.
  while (at !== null) {
    const before = leastOf(vertices.get(at.vertex)?.inputs.map((input) => input.id) ?? []);
    const lost = (before?.watermark ?? furthest) - at.watermark;
    if (holding === null || lost >= holding.lost) holding = { who: at, lost };
    at = before;
  }
  return holding?.who ?? null;
}

function isKnown(one: SubtaskWatermark): one is Known {
  return one.watermark !== null && !one.idle;
}

function least(all: readonly Known[]): Known | null {
  return all.reduce<Known | null>((low, one) => (low === null || one.watermark < low.watermark ? one : low), null);
}
