/** What each subtask did for one checkpoint, on one time axis: waiting, alignment, the synchronous and the other part. */
import { checkpointSubtasks, type Checkpoint, type SubtaskSnapshot } from '../../api/checkpoints';
import type { Job } from '../../api/job';
import { t } from '../../i18n';
import { bytes, duration } from '../../i18n/format';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { Badge } from '../../parts/badge';
import { Drawer } from '../../parts/drawer';
import { Empty, Message, Waiting } from '../../parts/panel';

const PHASES = [
  ['startDelay', 'checkpoints.startDelay', 'phase-delay'],
  ['alignment', 'checkpoints.alignment', 'fill-back-pressured'],
  ['sync', 'checkpoints.sync', 'fill-busy'],
  ['async', 'checkpoints.async', 'fill-info'],
] as const;

async function read(job: Job, id: number, abort: AbortSignal): Promise<Map<string, SubtaskSnapshot[]>> {
  const answers = await Promise.all(
    job.vertices.map(async (vertex) => [vertex.id, await checkpointSubtasks(job.jid, id, vertex.id, abort)] as const),
  );
  return new Map(answers);
}

export function CheckpointTimeline({ job, checkpoint }: { job: Job; checkpoint: Checkpoint }) {
  const { value, error } = useResource(
    (abort) => read(job, checkpoint.id, abort),
    [job.jid, checkpoint.id, checkpoint.status],
  );
  const all = value === null ? [] : [...value.values()].flat();
  const longest = Math.max(...all.map(lengthOf), 1);
  return (
    <Drawer
      title={t('checkpoints.timeline', { id: checkpoint.id })}
      close={() => goTo(link('job', job.jid, 'checkpoints'))}
      about={
        <>
          <Badge state={checkpoint.status} />
          {PHASES.map(([, words, look]) => (
            <span class="key" key={words}>
              <i class={look} />
              {t(words)}
            </span>
          ))}
        </>
      }
    >
      {checkpoint.failure !== '' && <Message tone="bad">{checkpoint.failure}</Message>}
      {value === null ? (
        <Waiting error={error} />
      ) : all.length === 0 ? (
        <Empty>{t('checkpoints.noDetails')}</Empty>
      ) : (
        job.vertices.map((vertex) => (
          <div class="timeline" key={vertex.id}>
            <div class="name cut" title={vertex.name}>
              {vertex.name}
            </div>
            {(value.get(vertex.id) ?? []).map((subtask) => (
              <Bar subtask={subtask} longest={longest} key={subtask.subtask} />
            ))}
          </div>
        ))
      )}
    </Drawer>
  );
}

function lengthOf(subtask: SubtaskSnapshot): number {
  return subtask.startDelay + subtask.alignment + subtask.sync + subtask.async;
}

function Bar({ subtask, longest }: { subtask: SubtaskSnapshot; longest: number }) {
  const words = PHASES.map(([phase, name]) => `${t(name)} ${duration(subtask[phase])}`).join(', ');
  return (
    <div class="timeline-row">
      <span class="faint right">{subtask.subtask}</span>
      <div class="share" role="img" aria-label={words} title={words}>
        {PHASES.map(([phase, , look]) => (
          <span class={look} key={phase} style={{ width: `${(subtask[phase] / longest) * 100}%` }} />
        ))}
      </div>
      <span class="right nowrap">{duration(lengthOf(subtask))}</span>
      <span class="right nowrap faint">{bytes(subtask.stateSize)}</span>
    </div>
  );
}
