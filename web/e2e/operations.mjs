/** A running job is changed, and what it could not process is taken away and discarded: through the page. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { state } from './journey.mjs';
import { fill, plan, run, upload } from './submit.mjs';

export async function componentIsSwapped(console_, plugins) {
  const out = await mkdtemp(join(tmpdir(), 'wasmill-swap-'));
  await upload(console_, join(plugins, 'guest_swap_one.wasm'));
  await fill(console_, {
    'parameter-n': '100000000',
    'parameter-keys': '10',
    'parameter-rate': '1000',
    'parameter-out': out,
    'checkpoint-interval': '200ms',
  });
  await plan(console_);
  await run(console_);
  await state(console_, 'RUNNING');
  await console_.page.locator('[data-action=swap]:not([disabled])').click();
  const swap = console_.page.locator('[data-confirm=swap]:not([disabled])');
  await swap.waitFor();
  await console_.page.locator('#swap-operator').selectOption('number');

  // One that has other operators is refused, in words, and the job goes on.
  await console_.page.locator('#swap-file').setInputFiles(join(plugins, 'faulty.wasm'));
  await chosen(console_, 'faulty');
  await swap.click();
  const refused = console_.page.locator('[data-swap=refused]');
  await refused.waitFor();
  assert.match(await refused.innerText(), /cannot plan the job/);

  await console_.page.locator('#swap-file').setInputFiles(join(plugins, 'guest_swap_ten.wasm'));
  await chosen(console_, 'guest_swap_ten');
  await swap.click();
  const done = console_.page.locator('[data-swap=done]');
  await done.waitFor();
  await console_.picture('swap');
  await console_.page.locator('dialog .dialog-foot button').first().click();
  await state(console_, 'RUNNING');
  await console_.page.locator('[data-action=cancel]').click();
  await console_.page.locator('[data-confirm=cancel]').click();
  await state(console_, 'CANCELED');
  await rm(out, { recursive: true, force: true });
}

/** Waits until the component that was uploaded is the one that is chosen. */
async function chosen(console_, name) {
  const select = console_.page.locator('#swap-component');
  await console_.until(`${name} is chosen`, () =>
    select.evaluate((it, wanted) => it.selectedOptions[0]?.textContent.includes(wanted) ?? false, name),
  );
  await console_.page.locator('[data-swap=upload]').waitFor({ state: 'detached' });
}

export async function deadLettersAreTakenAwayAndDiscarded(console_, plugins) {
  const jid = await withDeadLetters(console_, plugins);
  await console_.goTo(`job/${jid}/dead-letters`);
  await console_.page.locator('table tbody tr').first().waitFor();
  await console_.picture('dead-letters');
  // The job has ended: nobody is there to process them.
  assert.ok(await console_.page.locator('[data-action=replay]').isDisabled());
  const [saved] = await Promise.all([
    console_.page.waitForEvent('download'),
    console_.page.locator('[data-action=download]').click(),
  ]);
  const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\n');
  assert.ok(lines.length > 0 && lines.every((line) => JSON.parse(line).error.message !== ''), lines[0]);
  await console_.page.locator('[data-action=discard]').click();
  await console_.page.locator('[data-confirm=discard]').click();
  await console_.page.locator('.empty').waitFor();
}

export async function deadLettersAreReplayed(console_, plugins) {
  const out = await mkdtemp(join(tmpdir(), 'wasmill-replay-'));
  const parameters = { n: 100000000, keys: 10, rate: 100, poison: 5, out };
  const jid = await started(console_, join(plugins, 'guest_swap_one.wasm'), parameters);
  await console_.goTo(`job/${jid}/dead-letters`);
  await console_.page.locator('[data-action=replay]:not([disabled])').click();
  await console_.page.locator('[data-confirm=replay]').click();
  const done = console_.page.locator('[data-replay=done]');
  await done.waitFor();
  assert.match(await done.innerText(), /[1-9]\d* dead letters replayed/);
  await console_.picture('replay');
  await console_.page.locator('dialog .dialog-foot button').first().click();
  await console_.page.locator('[data-action=cancel]').click();
  await console_.page.locator('[data-confirm=cancel]').click();
  await state(console_, 'CANCELED');
  await rm(out, { recursive: true, force: true });
}

/** A job that has ended and has left dead letters; returns its id. */
async function withDeadLetters(console_, plugins) {
  const parameters = { fault: 'fail', at: 5, n: 2000, keys: 100 };
  const jid = await started(console_, join(plugins, 'faulty.wasm'), parameters);
  await console_.goTo(`job/${jid}`);
  await state(console_, 'FINISHED');
  return jid;
}

/** Uploads a component and runs a job of it that keeps dead letters; returns its id. */
async function started(console_, file, parameters) {
  await upload(console_, file);
  const id = /submit\/([^/?]+)/.exec(console_.page.url())[1];
  const settings = { 'guest.on-failure': 'dead-letter', 'execution.checkpointing.interval': '100ms' };
  const run = async ([component, body]) => {
    const headers = { 'Content-Type': 'application/json', 'X-Requested-With': 'wasmill' };
    const answer = await fetch(`v1/components/${component}/run`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { jobid, errors } = await answer.json();
    if (jobid === undefined) throw new Error(JSON.stringify(errors));
    return jobid;
  };
  return console_.page.evaluate(run, [id, { parameters, settings }]);
}
