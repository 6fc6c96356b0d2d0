/**
 * The life of a job, through the page alone: upload, plan, run, counters, savepoint, state, cancel, restart from the
 * savepoint.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fill, plan, run, upload } from './submit.mjs';

const FORM = {
  'parameter-job': 'J2',
  'parameter-n': '100000000',
  'parameter-keys': '100',
  'parameter-rate': '20000',
  parallelism: '2',
  'checkpoint-interval': '500ms',
};

export async function jobGoesItsWay(console_, plugins) {
  await upload(console_, join(plugins, 'bench.wasm'));
  await fill(console_, FORM);
  const operators = await plan(console_);
  assert.ok(operators.some((name) => name.includes('generator')), `the plan names its source: ${operators}`);
  await console_.picture('submit');
  const jid = await run(console_);

  await state(console_, 'RUNNING');
  const first = await written(console_);
  await console_.until('counters that move', async () => (await written(console_)) > first);
  const parallelism = await console_.page.locator('[data-row] td:nth-child(3)').allInnerTexts();
  assert.deepEqual([...new Set(parallelism)], ['2'], 'every chain has the parallelism of the form');
  await console_.picture('job');

  const path = await savepoint(console_, jid);
  await lookUp(console_, jid);
  await cancel(console_, jid);
  await restart(console_, jid, path);
}

/** Waits for the state of the job that is open. */
export async function state(console_, wanted) {
  await console_.page.locator(`.page-head .badge[data-state=${wanted}]`).waitFor();
}

async function written(console_) {
  const texts = await console_.page.locator('[data-records-out]').evaluateAll((cells) =>
    cells.map((cell) => Number(cell.dataset.recordsOut)),
  );
  return Math.max(...texts, 0);
}

async function savepoint(console_, jid) {
  await console_.goTo(`job/${jid}/checkpoints`);
  await console_.page.locator('tr .badge[data-state=COMPLETED]').first().waitFor();
  await console_.page.locator('[data-action=savepoint]').click();
  await console_.page.locator('[data-confirm=savepoint]').click();
  const row = console_.page.locator('tr:has(.tag.tone-info):has(.badge[data-state=COMPLETED])').first();
  await row.waitFor();
  await row.locator('td').first().click();
  await console_.page.locator('.timeline-row').first().waitFor();
  await console_.picture('checkpoints');
  return row.locator('[data-path]').getAttribute('data-path');
}

async function lookUp(console_, jid) {
  await console_.goTo(`job/${jid}/state`);
  await console_.page.locator('[data-row]').first().click();
  await console_.page.locator('#state-key').fill('7');
  await console_.page.locator('[data-action=look-up]').click();
  const table = console_.page.locator('[data-entries]');
  await table.waitFor();
  assert.equal(await table.getAttribute('data-entries'), '1', 'one key has one value');
  const [key, value] = await table.locator('tbody td').allInnerTexts();
  assert.equal(key, '7');
  assert.ok(Number(value) > 0, `the sum of key 7 is ${value}`);
  await console_.picture('state');
}

async function cancel(console_, jid) {
  await console_.goTo(`job/${jid}/overview`);
  await console_.page.locator('[data-action=cancel]').click();
  await console_.page.locator('[data-confirm=cancel]').click();
  await state(console_, 'CANCELED');
}

async function restart(console_, jid, path) {
  await console_.goTo(`job/${jid}/checkpoints`);
  const row = console_.page.locator(`[data-path="${path}"]`);
  await row.locator('[data-action=start-from]').click();
  await fill(console_, FORM);
  assert.equal(await console_.page.locator('#savepoint').inputValue(), path, 'the form begins with the savepoint');
  await plan(console_);
  const again = await run(console_);
  assert.notEqual(again, jid);
  await state(console_, 'RUNNING');
  await console_.goTo(`job/${again}/checkpoints`);
  const saved = /savepoint-(\d+)-/.exec(path)[1];
  const restored = console_.page.locator(`main .message [data-restored="${path}"]`);
  await restored.filter({ hasText: `a savepoint of checkpoint ${saved},` }).waitFor();
  await console_.goTo(`job/${again}/overview`);
  await console_.until('counters that move', async () => (await written(console_)) > 0);
}
