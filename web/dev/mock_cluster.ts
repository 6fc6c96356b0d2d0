/** A cluster that only pretends: it answers in the shapes of the REST API with figures that move. For development and tests. */
import { readFileSync } from 'node:fs';
import { mockJobs, type MockJob, type MockVertex } from './mock_jobs.ts';

type Json = Record<string, unknown>;

const MIB = 1024 * 1024;

function fixture(name: string): Json {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as Json;
}

/** A figure that wanders a little around its value. */
function around(value: number, seed: number): number {
  const t = Date.now() / 1000;
  return value * (1 + 0.09 * Math.sin(t / 3.7 + seed) + 0.05 * Math.sin(t / 1.3 + seed * 7));
}

export class MockCluster {
  jobs = mockJobs();
  components = ['fraud_detection', 'word_count'].map((name) => ({ name, inspect: fixture(`${name}.inspect`), plan: fixture(`${name}.plan`) }));
  #born = Date.now();
  #requests = new Map<string, number>();

  overview(): Json {
    const of = (...states: string[]): number => this.jobs.filter((job) => states.includes(job.state)).length;
    return {
      taskmanagers: 1,
      'slots-total': 16,
      'slots-available': 5,
      'jobs-running': of('RUNNING'),
      'jobs-finished': of('FINISHED'),
      'jobs-cancelled': of('CANCELED'),
      'jobs-failed': of('FAILED'),
      'wasmill-version': '0.1.0',
      'cpu-ratio': around(0.43, 3),
    };
  }

  jobsOverview(): Json {
    return { jobs: this.jobs.map((job) => this.#summary(job)) };
  }

  find(jid: string): MockJob | undefined {
    return this.jobs.find((job) => job.jid === jid);
  }

  #seconds(job: MockJob): number {
    return ((job.endedMs === null ? 0 : -job.endedMs) + job.ageMs + (Date.now() - this.#born)) / 1000;
  }

  #active(job: MockJob): number {
    return job.state === 'RUNNING' ? 1 : 0;
  }

  #summary(job: MockJob): Json {
    const now = Date.now();
    const sources = job.vertices.filter((vertex) => vertex.inputs.length === 0);
    const rate = around(sources.reduce((sum, vertex) => sum + vertex.out, 0), job.name.length) * this.#active(job);
    const tasks = job.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0);
    const lags = job.vertices.flatMap((vertex) => vertex.lag ?? []);
    return {
      jid: job.jid,
      name: job.name,
      state: job.state,
      'start-time': this.#born - job.ageMs,
      'end-time': job.endedMs === null ? -1 : this.#born - job.endedMs,
      duration: this.#seconds(job) * 1000,
      'last-modification': this.#born - (job.endedMs ?? 60_000),
      tasks: { total: tasks, [job.state === 'RUNNING' ? 'running' : job.state === 'RESTARTING' ? 'created' : job.state.toLowerCase()]: tasks },
      parallelism: Math.max(...job.vertices.map((vertex) => vertex.parallelism)),
      'read-records': Math.round(this.#seconds(job) * sources.reduce((sum, vertex) => sum + vertex.out, 900)),
      'write-records': Math.round(this.#seconds(job) * 7),
      'records-in-per-second': rate,
      'records-out-per-second': rate / 90,
      'watermark-lag-ms': lags.length === 0 ? null : around(Math.max(...lags), 1),
      'last-checkpoint': { id: this.#lastCheckpoint(job), 'end-time': now - 3000, duration: 120, bytes: 48 * MIB },
      restarts: job.restarts,
    };
  }

  #lastCheckpoint(job: MockJob): number {
    return Math.floor((this.#seconds(job) * 1000) / job.checkpointMs);
  }

  #metrics(job: MockJob, vertex: MockVertex, share: number, seed: number): Json {
    const active = this.#active(job);
    const seconds = this.#seconds(job);
    const busy = Math.min(around(vertex.busy, seed) * active, 0.99);
    const backPressured = Math.min(around(vertex.backPressured, seed) * active, 1 - busy);
    return {
      'read-records': Math.round(vertex.in * seconds * share),
      'write-records': Math.round(vertex.out * seconds * share),
      'read-bytes': Math.round(vertex.in * seconds * share * 83),
      'write-bytes': Math.round(vertex.out * seconds * share * 83),
      'busy-ratio': busy,
      'backpressured-ratio': backPressured,
      'idle-ratio': 1 - busy - backPressured,
      'records-in-per-second': around(vertex.in, seed) * share * active,
      'records-out-per-second': around(vertex.out, seed) * share * active,
      watermark: vertex.lag === null ? null : Math.round(Date.now() - around(vertex.lag, seed)),
      'queue-fill': Math.min(around(vertex.queueFill, seed) * active, 1),
      'state-bytes': Math.round(vertex.stateBytes * share),
      timers: vertex.stateBytes > 0 ? Math.round(2300 * share) : 0,
    };
  }

  job(job: MockJob): Json {
    const summary = this.#summary(job);
    const status = job.state === 'RUNNING' ? 'RUNNING' : job.state === 'RESTARTING' ? 'CREATED' : job.state;
    return {
      ...summary,
      isStoppable: true,
      maxParallelism: 128,
      now: Date.now(),
      timestamps: { CREATED: this.#born - job.ageMs, RUNNING: this.#born - job.ageMs + 90 },
      vertices: job.vertices.map((vertex, index) => ({
        id: vertex.id,
        name: vertex.operators.map(([, name]) => name).join(' -> '),
        parallelism: vertex.parallelism,
        maxParallelism: 128,
        status,
        'start-time': this.#born - job.ageMs,
        'end-time': -1,
        duration: this.#seconds(job) * 1000,
        tasks: { [status.toLowerCase()]: vertex.parallelism },
        metrics: this.#metrics(job, vertex, 1, index),
      })),
      plan: {
        jid: job.jid,
        name: job.name,
        type: 'STREAMING',
        nodes: job.vertices.map((vertex) => ({
          id: vertex.id,
          parallelism: vertex.parallelism,
          description: vertex.operators.map(([, name]) => name).join(' -> '),
          inputs: vertex.inputs.map(([id, strategy], num) => ({ id, num, ship_strategy: strategy, exchange: 'pipelined' })),
          operators: vertex.operators.map(([uid, name, kind, states]) => ({
            uid, name, kind, states: states ?? [], inputs: [], outputs: kind === 'sink' ? [] : ['out'],
            'late-dropped': states?.includes('panes') ? (vertex.late ?? 0) : 0,
          })),
        })),
      },
    };
  }

  vertex(job: MockJob, id: string): Json | null {
    const vertex = job.vertices.find((one) => one.id === id);
    if (vertex === undefined) return null;
    return {
      id,
      name: vertex.operators.map(([, name]) => name).join(' -> '),
      parallelism: vertex.parallelism,
      now: Date.now(),
      subtasks: Array.from({ length: vertex.parallelism }, (_, subtask) => ({
        subtask,
        status: job.state === 'RUNNING' ? 'RUNNING' : 'CREATED',
        attempt: job.restarts,
        host: 'localhost',
        'start-time': this.#born - job.ageMs,
        'end-time': -1,
        duration: this.#seconds(job) * 1000,
        // One subtask has more than its share, as in life.
        metrics: this.#metrics(job, vertex, subtask === 1 ? 1.7 / vertex.parallelism : 0.8 / vertex.parallelism, subtask * 3),
      })),
    };
  }

  watermarks(job: MockJob, id: string): Json[] {
    const vertex = job.vertices.find((one) => one.id === id);
    if (vertex === undefined || vertex.lag === null) return [];
    const lag = vertex.lag;
    return Array.from({ length: vertex.parallelism }, (_, subtask) => ({
      id: `${subtask}.currentInputWatermark`,
      value: String(Math.round(Date.now() - lag * (subtask === 0 ? 1.2 : 1))),
    }));
  }

  checkpoints(job: MockJob): Json {
    const last = this.#lastCheckpoint(job);
    const now = Date.now();
    const history = Array.from({ length: Math.min(last, 24) }, (_, index) => {
      const id = last - index;
      const running = index === 0 && job.state === 'RUNNING';
      const failed = !running && id % 11 === 0;
      const trigger = now - (now % job.checkpointMs) - index * job.checkpointMs;
      const duration = Math.round(90 + 60 * Math.abs(Math.sin(id)));
      return {
        id,
        status: running ? 'IN_PROGRESS' : failed ? 'FAILED' : 'COMPLETED',
        is_savepoint: id % 17 === 3,
        checkpoint_type: id % 17 === 3 ? 'SAVEPOINT' : 'CHECKPOINT',
        trigger_timestamp: trigger,
        latest_ack_timestamp: failed || running ? -1 : trigger + duration,
        state_size: 48 * MIB + id * 1000,
        checkpointed_size: 3 * MIB + (id % 5) * 700_000,
        end_to_end_duration: duration,
        num_subtasks: 6,
        num_acknowledged_subtasks: failed ? 4 : running ? 5 : 6,
        external_path: failed || running ? '' : `/var/lib/wasmill/${job.name}/chk-${id}`,
        failure_message: failed ? 'checkpoint expired before completing: subtask 1 of "detect" did not acknowledge within 10m' : '',
      };
    });
    const figures = (avg: number): Json => ({ min: avg * 0.6, avg, max: avg * 2.4, p50: avg, p90: avg * 1.5, p95: avg * 1.8, p99: avg * 2.2 });
    return {
      counts: { restored: job.restarts, total: last, in_progress: 1, completed: Math.floor(last * 0.9), failed: Math.ceil(last * 0.1) },
      summary: { end_to_end_duration: figures(120), checkpointed_size: figures(4 * MIB), state_size: figures(48 * MIB) },
      latest: { restored: job.restarts > 0 ? { id: last - 30, external_path: `/var/lib/wasmill/${job.name}/chk-${last - 30}`, restore_timestamp: now - 300_000, is_savepoint: false } : null },
      history,
    };
  }

  checkpointSubtasks(job: MockJob, id: string): Json {
    const parallelism = job.vertices.find((vertex) => vertex.id === id)?.parallelism ?? 1;
    return {
      subtasks: Array.from({ length: parallelism }, (_, index) => ({
        index,
        status: 'completed',
        ack_timestamp: Date.now(),
        end_to_end_duration: 70 + index * 22,
        state_size: 12 * MIB,
        start_delay: 3 + index,
        alignment: { duration: 11 + index * 9 },
        checkpoint: { sync: 2 + index, async: 48 + index * 8 },
      })),
    };
  }

  /** A request that takes a moment: a savepoint, a rescaling. */
  begin(): Json {
    const id = `r${this.#requests.size + 1}`;
    this.#requests.set(id, Date.now());
    return { 'request-id': id };
  }

  progress(job: MockJob, id: string): Json {
    const done = Date.now() - (this.#requests.get(id) ?? 0) > 1200;
    return done
      ? { status: { id: 'COMPLETED' }, operation: { location: `/var/lib/wasmill/savepoints/${job.name}-${id}`, 'in-place': true, 'pause-ms': 0.6 } }
      : { status: { id: 'IN_PROGRESS' } };
  }

  end(job: MockJob, state: string): void {
    job.state = state;
    job.endedMs = this.#born - Date.now();
  }

  run(name: string): Json {
    const like = this.jobs.find((job) => name.includes(job.name.split('-')[0] ?? '')) ?? this.jobs[0];
    const jid = `${(this.jobs.length + 1).toString(16).padStart(32, 'a')}`;
    if (like !== undefined) {
      this.jobs.push({ ...like, jid, name, state: 'RUNNING', ageMs: this.#born - Date.now(), endedMs: null, restarts: 0 });
    }
    return { jobid: jid };
  }

  taskManagers(): Json {
    return {
      taskmanagers: [{
        id: 'local', path: 'localhost', slotsNumber: 16, freeSlots: 5, timeSinceLastHeartbeat: Date.now(),
        hardware: { cpuCores: 4, physicalMemory: 24 * 1024 * MIB },
        memory: {
          network: { configured: 64 * MIB, used: around(21 * MIB, 1) },
          managed: { configured: 512 * MIB, used: around(388 * MIB, 2) },
          guest: { configured: 2048 * MIB, used: around(310 * MIB, 3) },
        },
        threads: [{ name: 'task', count: 11 }, { name: 'storage', count: 2 }, { name: 'tokio', count: 4 }],
      }],
    };
  }
}
