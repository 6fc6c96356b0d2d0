/** One job, live, with the figures of its vertices over the last minutes. */
import { signal, type Signal } from '@preact/signals';
import { Fields } from '../api/fields';
import { decodeJob, job as fetchJob, type Job, type Vertex } from '../api/job';
import { hasEnded } from '../api/states';
import { Live } from './live';
import { Series } from './series';

/** Ten minutes at one value a second. */
const KEPT = 600;

/** The figures of a vertex that charts show. */
export type Figure = 'in' | 'out' | 'busy' | 'backPressured' | 'idle' | 'lag' | 'queue' | 'state';

export class JobModel {
  readonly job: Signal<Job | null> = signal(null);
  readonly series = new Series(KEPT);
  readonly live: Live;

  constructor(readonly jid: string) {
    this.live = new Live({
      pollMs: 2000,
      settled: () => this.job.value !== null && hasEnded(this.job.value.state),
      poll: async (abort) => this.#take(await fetchJob(jid, abort)),
      stream: {
        path: `/jobs/${encodeURIComponent(jid)}/events`,
        take: (event) => this.#take(decodeJob(new Fields(JSON.parse(event.data)))),
      },
    });
  }

  static figure(vertex: string, figure: Figure): string {
    return `${vertex}/${figure}`;
  }

  #take(job: Job): void {
    for (const vertex of job.vertices) this.#keep(job.now, vertex);
    this.job.value = job;
  }

  #keep(now: number, vertex: Vertex): void {
    const { metrics } = vertex;
    const push = (figure: Figure, value: number): void =>
      this.series.push(JobModel.figure(vertex.id, figure), now, value);
    push('in', metrics.recordsIn);
    push('out', metrics.recordsOut);
    push('busy', metrics.busy);
    push('backPressured', metrics.backPressured);
    push('idle', metrics.idle);
    push('queue', metrics.queueFill);
    push('state', metrics.stateBytes);
    if (metrics.watermark !== null && metrics.watermark <= now) push('lag', now - metrics.watermark);
  }
}
