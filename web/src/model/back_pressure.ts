/**
 * Who holds the others up: a vertex that is busy itself and does not wait for anyone, while someone before it does.
 * A judgement from one look at the figures; the cluster's own answer is the "Why?" panel.
 */
import type { PlanNode, Vertex } from '../api/job';

/** From this share of its time on, a vertex counts as back-pressured, as in Flink. */
const BACK_PRESSURED_FROM = 0.1;

/** Above this share, back-pressure is high, as in Flink. */
const BACK_PRESSURED_HIGH = 0.5;

/** The culprits, upstream first. */
export function culprits(vertices: readonly Vertex[], plan: readonly PlanNode[]): string[] {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  return plan
    .filter((node) => {
      const own = byId.get(node.id)?.metrics;
      if (own === undefined || own.backPressured >= BACK_PRESSURED_FROM || own.busy < 0.3) return false;
      return node.inputs.some((input) => (byId.get(input.id)?.metrics.backPressured ?? 0) >= BACK_PRESSURED_FROM);
    })
    .map((node) => node.id);
}

export type Level = 'ok' | 'low' | 'high';

export function level(share: number): Level {
  return share > BACK_PRESSURED_HIGH ? 'high' : share > BACK_PRESSURED_FROM ? 'low' : 'ok';
}
