// The component side: the host behind the bindings of `wit/`, and the exported calls. Exists only in a component.
//
// What is thrown becomes an error result here, which is a plain value of the contract: any other exception that left the
// component would trap, and its text would be lost.

import * as cachedFiles from "wasmill:dataflow/cached-files@0.1.0";
import * as files from "wasmill:dataflow/files@0.1.0";
import * as log from "wasmill:dataflow/log@0.1.0";
import * as metrics from "wasmill:dataflow/metrics@0.1.0";
import * as output from "wasmill:dataflow/output@0.1.0";
import * as state from "wasmill:dataflow/state@0.1.0";
import * as timers from "wasmill:dataflow/timers@0.1.0";
import * as watermarks from "wasmill:dataflow/watermarks@0.1.0";
import type { Batch, TimerBatch } from "./column.js";
import { manifest, plan } from "./component.js";
import { type Argument, Env, type Job } from "./env.js";
import { CallFailure } from "./errors.js";
import { attempt, describe } from "./failure.js";
import type { Host, TimeDomain } from "./host.js";
import type { PollStatus } from "./logic.js";
import { type Moment, Task, type TaskSpec } from "./task.js";

const host: Host = {
  getMany: state.getMany,
  putMany: state.putMany,
  deleteMany: state.deleteMany,
  appendMany: state.appendMany,
  scan: state.scan,
  clearKey: state.clearKey,
  get: state.get,
  registerTimers: timers.register,
  deleteTimers: timers.delete,
  emit: output.emit,
  observe: watermarks.observe,
  count: (told) => metrics.count(told.map(({ operator, name, value }) => ({ operator, name, amount: value }))),
  mark: (told) => metrics.mark(told.map(({ operator, name, value }) => ({ operator, name, amount: value }))),
  setGauges: (told) => metrics.set(told),
  sample: (told) => metrics.sample(told.map(({ operator, name, value }) => ({ operator, name, values: value }))),
  log: log.write,
  files,
  cachedFiles,
};

/** Runs a call; a failure becomes the error result of the contract. */
function call<R>(run: () => R): R {
  try {
    return attempt(run);
  } catch (error) {
    const { message, record } = error as CallFailure;
    throw record === undefined ? { tag: "operator", val: message } : { tag: "record", val: { index: record, message } };
  }
}

/** The exports of a component with this job. */
export function component(name: string, job: Job) {
  let open: Task | undefined;
  const task = (): Task => {
    if (open === undefined) throw new CallFailure("called before it was opened");
    return open;
  };
  return {
    manifest: { describe: () => manifest(name, job) },
    plan: {
      plan(args: Argument[]): string {
        try {
          return plan(name, job, args);
        } catch (error) {
          throw describe(error);
        }
      },
    },
    operator: {
      open(spec: TaskSpec): void {
        open = call(() => new Task(Env.run(job, spec.arguments), spec, host));
      },
      process: (now: Moment, input: number, records: Batch) => call(() => task().process(now, input, records)),
      onTimers: (now: Moment, domain: TimeDomain, fired: TimerBatch) => call(() => task().onTimers(now, domain, fired)),
      onWatermark: (now: Moment, operator: number, at: number) => call(() => task().onWatermark(now, operator, at)),
      finish: (now: Moment) => call(() => task().finish(now)),
    },
    source: {
      splits: (_: number, parallelism: number) => call(() => task().source().splits(parallelism)),
      poll: (now: Moment, _: number, split: number, position: Uint8Array, max: number) =>
        call(() => {
          const polled = task().source(now.processingTime).poll(split, position, max);
          return { ...polled, status: statusOf(polled.status) };
        }),
      close: () => call(() => task().source().close()),
    },
    sink: {
      begin: (now: Moment, _: number, name: string) => call(() => task().sink(now.processingTime).begin(name)),
      write: (now: Moment, _: number, transaction: Uint8Array, records: Batch) =>
        call(() => task().sink(now.processingTime).write(transaction, records)),
      preCommit: (_: number, transaction: Uint8Array, checkpoint: number) =>
        call(() => task().sink().preCommit(transaction, checkpoint)),
      commit: (_: number, committables: Uint8Array[]) => call(() => task().sink().commit(committables)),
      abort: (_: number, transaction: Uint8Array) => call(() => task().sink().abort(transaction)),
      recover: (_: number, committables: Uint8Array[]) => call(() => task().sink().recover(committables)),
      close: () => call(() => task().sink().close()),
    },
  };
}

function statusOf(status: PollStatus): { tag: string; val?: number } {
  return typeof status === "string" ? { tag: status } : { tag: "wait", val: status.wait };
}
