/**
 * The plan of a job that does not run yet. It comes in the shape of a running job's plan (`nodes`) or in that of
 * `wasmill plan --json` (`vertices` and `edges`); both become the same nodes.
 */
import { Fields } from './fields';
import { decodePlanNode, type PlanNode } from './job';

export interface Plan {
  name: string;
  tasks: number;
  nodes: PlanNode[];
}

function decodeVertices(json: Fields): PlanNode[] {
  const nodes = json.list('vertices', (vertex) => ({
    id: vertex.text('id'),
    parallelism: vertex.number('parallelism', 1),
    description: vertex.text('name'),
    inputs: [] as PlanNode['inputs'],
    operators: vertex.list('operators', (operator) => ({
      uid: operator.text('uid'),
      name: operator.text('name'),
      kind: operator.text('kind', 'operator'),
      inputs: [],
      outputs: [],
      states: vertex
        .texts('states')
        .filter((state) => state.startsWith(`${operator.text('uid')}/`) && !state.includes('/_'))
        .map((state) => state.slice(operator.text('uid').length + 1)),
      lateDropped: 0,
    })),
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const edge of json.list('edges', (fields) => fields)) {
    byId.get(edge.text('to'))?.inputs.push({
      id: edge.text('from'),
      num: edge.number('input'),
      shipStrategy: edge.text('partitioning').toUpperCase(),
    });
  }
  return withKinds(nodes);
}

/** A chain without inputs begins with a source; one that nobody reads ends with a sink. */
function withKinds(nodes: PlanNode[]): PlanNode[] {
  const read = new Set(nodes.flatMap((node) => node.inputs.map((input) => input.id)));
  for (const node of nodes) {
    const [first, last] = [node.operators[0], node.operators.at(-1)];
    if (node.inputs.length === 0 && first !== undefined) first.kind = 'source';
    if (!read.has(node.id) && last !== undefined && last !== first) last.kind = 'sink';
  }
  return nodes;
}

export function decodePlan(json: Fields): Plan {
  const inner = json.maybe('plan') ?? json;
  const nodes = inner.has('nodes') ? inner.list('nodes', decodePlanNode) : decodeVertices(inner);
  return {
    name: inner.text('name'),
    tasks: inner.number('tasks', nodes.reduce((sum, node) => sum + node.parallelism, 0)),
    nodes,
  };
}
