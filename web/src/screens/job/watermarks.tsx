/** Event time of the whole job at one look: every operator chain by its subtasks, who holds it back, what came late. */
import type { Job, PlanNode } from '../../api/job';
import { watermarks } from '../../api/vertices';
import { t } from '../../i18n';
import { count, duration, eventTime } from '../../i18n/format';
import { useResource } from '../../model/resource';
import { holder, type SubtaskWatermark } from '../../model/watermark_holder';
import { Empty, Message, Panel, Waiting } from '../../parts/panel';

async function read(job: Job, abort: AbortSignal): Promise<Map<string, SubtaskWatermark[]>> {
  const answers = await Promise.all(
    job.vertices.map(async (vertex) => {
      const bySubtask = await watermarks(job.jid, vertex.id, abort);
      const list = Array.from({ length: vertex.parallelism }, (_, subtask) => ({
        vertex: vertex.id,
        subtask,
        watermark: bySubtask.get(subtask)?.watermark ?? null,
        idle: bySubtask.get(subtask)?.idle ?? false,
      }));
      return [vertex.id, list] as const;
    }),
  );
  return new Map(answers);
}

export function WatermarksTab({ job }: { job: Job }) {
  const shape = job.vertices.map((vertex) => `${vertex.id}x${vertex.parallelism}`).join();
  const { value, error } = useResource((abort) => read(job, abort), [job.jid, shape], 2000);
  if (value === null) return <Waiting error={error} />;
  const held = holder(job.plan, value);
  if (held === null) {
    return (
      <Panel>
        <Empty>{t('watermarks.none')}</Empty>
      </Panel>
    );
  }
  const holding = job.plan.find((node) => node.id === held.vertex);
  return (
    <>
      <Message tone="info">
        {t('watermarks.holder', {
          name: holding?.operators[0]?.name ?? holding?.description ?? held.vertex,
          subtask: held.subtask,
          watermark: eventTime(held.watermark),
        })}
      </Message>
      <Panel flush label={t('job.tab.watermarks')}>
        <table class="table" aria-label={t('job.tab.watermarks')}>
          <thead>
            <tr>
              <th>{t('vertex.name')}</th>
              <th>{t('vertex.watermark')}</th>
              <th class="num">{t('jobs.watermarkLag')}</th>
              <th>{t('watermarks.bySubtask')}</th>
              <th class="num">{t('watermarks.late')}</th>
            </tr>
          </thead>
          <tbody>
            {job.plan.map((node) => (
              <Row key={node.id} node={node} subtasks={value.get(node.id) ?? []} held={held} now={job.now} />
            ))}
          </tbody>
        </table>
      </Panel>
    </>
  );
}

function Row({
  node,
  subtasks,
  held,
  now,
}: {
  node: PlanNode;
  subtasks: readonly SubtaskWatermark[];
  held: SubtaskWatermark;
  now: number;
}) {
  const known = subtasks.flatMap((one) => (one.idle ? [] : (one.watermark ?? [])));
  const least = known.length === 0 ? null : Math.min(...known);
  const late = node.operators.reduce((sum, operator) => sum + operator.lateDropped, 0);
  return (
    <tr>
      <td class="name">{node.description || node.operators.map((operator) => operator.name).join(' -> ')}</td>
      <td class="mono nowrap">{eventTime(least)}</td>
      <td class="num">{lagWords(least, now)}</td>
      <td>
        <span class="row row-wrap tight">
          {subtasks.map((one) => {
            const holds = one.vertex === held.vertex && one.subtask === held.subtask;
            const title = `#${one.subtask}: ${one.idle ? t('task.idle') : eventTime(one.watermark)}`;
            return (
              <span class={`cell ${holds ? 'holder' : ''} ${one.idle ? 'idle' : ''}`} title={title} key={one.subtask}>
                <span class="faint">{one.subtask}</span>
                {one.idle ? t('task.idle') : lagWords(one.watermark, now)}
              </span>
            );
          })}
        </span>
      </td>
      <td class="num">
        <span class={late > 0 ? 'tone-warn' : 'faint'}>{count(late)}</span>
      </td>
    </tr>
  );
}

function lagWords(watermark: number | null, now: number): string {
  if (watermark !== null && watermark > now) return watermark > 8.64e15 ? '∞' : duration(0);
  return duration(watermark === null ? null : now - watermark);
}
