/** A job that fails says why, in the words of the cluster. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { state } from './journey.mjs';
import { fill, plan, run, upload } from './submit.mjs';

export async function failingJobSaysWhy(console_, plugins) {
  await upload(console_, join(plugins, 'faulty.wasm'));
  await fill(console_, { 'parameter-fault': 'panic' });
  await console_.page.locator('#restart-strategy').selectOption('none');
  await plan(console_);
  const jid = await run(console_);
  await state(console_, 'FAILED');
  await console_.goTo(`job/${jid}/exceptions`);
  const root = await console_.page.locator('[data-root-exception]').innerText();
  assert.match(root, /panic/i, `the root exception names the fault: ${root}`);
  await console_.picture('exceptions');
}

export async function wrongParameterIsSaidBeforeTheRun(console_, plugins) {
  await upload(console_, join(plugins, 'faulty.wasm'));
  await fill(console_, { 'parameter-fault': 'such-a-fault' });
  const message = console_.page.locator('.message.tone-bad');
  await message.waitFor();
  assert.match(await message.innerText(), /there is no fault such-a-fault/);
  assert.ok(await console_.page.locator('[data-action=run]').isDisabled(), 'what cannot be planned cannot be run');
}
