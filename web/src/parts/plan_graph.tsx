/** The graph of a job: chains as boxes with their operators, and, while it runs, how each of them does. */
import type { PlanNode, Vertex } from '../api/job';
import { t, tName } from '../i18n';
import { duration, percent, rate } from '../i18n/format';
import { level } from '../model/back_pressure';
import type { Box, Link } from '../model/graph_layout';
import { toneOf } from './badge';
import { GraphView, type EdgeLook } from './graph';
import { Icon, type IconName } from './icon';
import { TimeShare } from './share';

/** More operators of a chain than this are counted, not named. */
const OPERATORS_SHOWN = 6;

const BOX_WIDTH = 236;

function boxOf(node: PlanNode, live: boolean): Box {
  const lines = Math.min(node.operators.length, OPERATORS_SHOWN) + (node.operators.length > OPERATORS_SHOWN ? 1 : 0);
  return { id: node.id, width: BOX_WIDTH, height: 35 + Math.max(lines, 1) * 19 + (live ? 70 : 0) };
}

function linksOf(plan: readonly PlanNode[]): Link[] {
  return plan.flatMap((node) => node.inputs.map((input) => ({ from: input.id, to: node.id, num: input.num })));
}

export function PlanGraph({
  plan,
  vertices,
  culprits = [],
  chosen,
  open,
  now,
}: {
  plan: readonly PlanNode[];
  /** The figures of a running job. */
  vertices?: readonly Vertex[];
  culprits?: readonly string[];
  chosen?: string | undefined;
  open?: (id: string) => void;
  now?: number;
}) {
  const live = new Map(vertices?.map((vertex) => [vertex.id, vertex]));
  const nodes = new Map(plan.map((node) => [node.id, node]));
  return (
    <GraphView
      label={t('graph.label')}
      tall={vertices !== undefined}
      boxes={plan.map((node) => boxOf(node, vertices !== undefined))}
      links={linksOf(plan)}
      edge={(link) => edgeLook(link, nodes, live)}
      node={(id) => {
        const node = nodes.get(id);
        if (node === undefined) return null;
        return (
          <ChainBox
            node={node}
            vertex={live.get(id)}
            culprit={culprits.includes(id)}
            chosen={chosen === id}
            now={now}
            {...(open === undefined ? {} : { open: () => open(id) })}
          />
        );
      }}
    />
  );
}

function ChainBox({
  node,
  vertex,
  culprit,
  chosen,
  open,
  now,
}: {
  node: PlanNode;
  vertex: Vertex | undefined;
  culprit: boolean;
  chosen: boolean;
  open?: () => void;
  now: number | undefined;
}) {
  const pressed = vertex !== undefined && level(vertex.metrics.backPressured) !== 'ok';
  const look = [culprit && 'culprit', pressed && 'pressed', chosen && 'chosen'].filter(Boolean).join(' ');
  const inside = (
    <>
      {culprit && <span class="chain-mark">{t('graph.culprit')}</span>}
      <span class="chain-head">
        {vertex !== undefined && (
          <span class={`dot tone-${toneOf(vertex.status)}`} title={tName('state', vertex.status)} />
        )}
        <span class="cut">{node.operators[0]?.name ?? node.description}</span>
        <span class="spring" />
        <span class="tag" title={t('vertex.parallelism')}>
          ×{node.parallelism}
        </span>
      </span>
      <span class="chain-operators">
        <OperatorLines node={node} />
      </span>
      {vertex !== undefined && <ChainFigures vertex={vertex} now={now} source={node.inputs.length === 0} />}
    </>
  );
  if (open === undefined) return <div class={`chain ${look}`}>{inside}</div>;
  return (
    <button type="button" class={`chain ${look}`} data-vertex={node.id} aria-pressed={chosen} onClick={open}>
      {inside}
    </button>
  );
}

function OperatorLines({ node }: { node: PlanNode }) {
  if (node.operators.length === 0) return <span class="cut muted">{node.description}</span>;
  const more = node.operators.length - OPERATORS_SHOWN;
  return (
    <>
      {node.operators.slice(0, OPERATORS_SHOWN).map((operator) => (
        <span class="chain-operator" key={operator.uid} title={`${operator.name} (${operator.uid})`}>
          <Icon name={iconOf(operator.kind)} />
          <span class="cut">{operator.name}</span>
          {operator.states.length > 0 && <span class="faint nowrap">{t('graph.states', { n: operator.states.length })}</span>}
        </span>
      ))}
      {more > 0 && <span class="faint">{t('graph.more', { n: more })}</span>}
    </>
  );
}

export function iconOf(kind: string): IconName {
  return kind === 'source' || kind === 'sink' ? kind : 'operator';
}

function ChainFigures({ vertex, now, source }: { vertex: Vertex; now: number | undefined; source: boolean }) {
  const { metrics } = vertex;
  const lag = metrics.watermark === null || now === undefined || metrics.watermark > now ? null : now - metrics.watermark;
  return (
    <span class="chain-figures">
      <TimeShare busy={metrics.busy} backPressured={metrics.backPressured} idle={metrics.idle} />
      <span class="chain-figure">
        {!source && (
          <span>
            {t('vertex.in')} <b>{rate(metrics.recordsIn)}</b>
          </span>
        )}
        <span>
          {t('vertex.out')} <b>{rate(metrics.recordsOut)}</b>
        </span>
      </span>
      <span class="chain-figure faint">
        <span class="cut">{lag === null ? t('vertex.noWatermark') : t('vertex.lag', { lag: duration(lag) })}</span>
        <span>{t('vertex.busyShare', { share: percent(metrics.busy) })}</span>
      </span>
    </span>
  );
}

/** Heavier with more records (each line width is ten times the rate), redder with a fuller queue. */
function edgeLook(link: Link, nodes: Map<string, PlanNode>, live: Map<string, Vertex>): EdgeLook {
  const to = nodes.get(link.to);
  const strategy = to?.inputs.find((input) => input.id === link.from && input.num === link.num)?.shipStrategy ?? '';
  const target = live.get(link.to)?.metrics;
  const source = live.get(link.from)?.metrics;
  if (target === undefined || source === undefined) {
    return { weight: 0, tone: '', label: strategy.toLowerCase(), note: null };
  }
  const records = to?.inputs.length === 1 ? target.recordsIn : source.recordsOut;
  const fill = target.queueFill;
  return {
    weight: Math.min(Math.log10(1 + records) / 7, 1),
    tone: fill >= 0.8 ? 'full' : fill >= 0.5 ? 'filling' : records > 0 ? 'moving' : '',
    label: rate(records),
    note: (
      <span title={t('graph.queue', { share: percent(fill) })}>
        {strategy.toLowerCase()} {fill >= 0.01 ? percent(fill) : ''}
      </span>
    ),
  };
}
