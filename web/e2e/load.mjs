/**
 * What the console costs on a cluster with many jobs, measured, not judged: how soon it is to be seen, and the share of a
 * core that each screen takes while it shows live figures. Takes CONSOLE_ADDRESS from the environment.
 */
import { tmpdir } from 'node:os';
import { Console } from './browser.mjs';

const { CONSOLE_ADDRESS: address } = process.env;
const console_ = await Console.open({ address, pictures: tmpdir(), browser: process.env['CONSOLE_BROWSER'] ?? '/usr/bin/chromium' });

/** Seconds of the main thread of the page so far. */
async function taskSeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((metric) => metric.name === 'TaskDuration').value;
}

const { jobs } = await (await fetch(`${address}/v1/jobs/overview`)).json();
const tasks = jobs.reduce((sum, job) => sum + job.tasks.total, 0);
console.log(`${jobs.length} jobs, ${tasks} subtasks`);
const times = [];
for (let n = 0; n < 50; n++) {
  const before = performance.now();
  await (await fetch(`${address}/v1/jobs/overview`)).json();
  times.push(performance.now() - before);
}
times.sort((a, b) => a - b);
console.log(`GET /jobs/overview: median ${times[25].toFixed(1)} ms, slowest ${times[49].toFixed(1)} ms`);

for (const screen of ['overview', 'jobs', `job/${jobs[0].jid}/overview`]) {
  await console_.as('dark', 'en');
  const before = Date.now();
  await console_.goTo(screen);
  await console_.page.locator('[data-row], [data-records-out]').first().waitFor();
  const seen = Date.now() - before;
  const session = await console_.page.context().newCDPSession(console_.page);
  await session.send('Performance.enable');
  await console_.page.waitForTimeout(2000);
  const first = await taskSeconds(session);
  const begun = performance.now();
  await console_.page.waitForTimeout(10_000);
  const share = (await taskSeconds(session)) - first;
  const of = (performance.now() - begun) / 1000;
  console.log(`${screen.replace(jobs[0].jid, '…')}: seen after ${seen} ms, ${((100 * share) / of).toFixed(1)} % of a core`);
}
await console_.close();
