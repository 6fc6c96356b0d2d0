// The documents that a component gives.

import { type Argument, Env, type Job } from "./env.js";

/** The version of the SDK. */
export const VERSION = "0.1.0";

/** The `manifest` document. */
export function manifest(name: string, job: Job): string {
  const env = new Env([], true);
  try {
    job(env);
  } catch {
    // A job that refuses its defaults still has parameters to show.
  }
  return JSON.stringify({
    version: 1,
    name,
    sdk: { language: "javascript", name: "wasmill", version: VERSION },
    parameters: env.parameters(),
    operators: env.graph.operators(),
  });
}

/** The `plan` document of the job with these arguments. */
export function plan(name: string, job: Job, args: readonly Argument[]): string {
  const env = Env.run(job, args);
  env.checkArguments();
  return JSON.stringify(env.graph.plan(name));
}
