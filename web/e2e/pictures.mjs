/**
 * The pictures of the README: the main screens of a cluster whose jobs are at work. Takes CONSOLE_ADDRESS, CONSOLE_JOB
 * (the job that is looked into), CONSOLE_COMPONENT (a file to upload) and CONSOLE_PICTURES from the environment.
 */
import { Console } from './browser.mjs';
import { fill, plan, upload } from './submit.mjs';

const { CONSOLE_ADDRESS: address, CONSOLE_JOB: jid, CONSOLE_PICTURES: pictures, CONSOLE_COMPONENT: component } = process.env;
const console_ = await Console.open({ address, pictures, browser: process.env['CONSOLE_BROWSER'] ?? '/usr/bin/chromium' });
const { page } = console_;

/** Figures need some seconds before charts have a line. */
async function look(theme, path, name, ready) {
  await console_.as(theme, 'en');
  await console_.goTo(path);
  if (ready !== undefined) await console_.page.locator(ready).first().waitFor();
  await console_.page.waitForTimeout(6000);
  await console_.picture(name);
}

await look('dark', `job/${jid}/overview`, 'job', '[data-records-out]');
await look('light', 'overview', 'overview', 'main h1, main .page-head');
await look('light', `job/${jid}/watermarks`, 'watermarks', 'main .page-head');
await console_.as('light', 'en');
await console_.goTo(`job/${jid}/checkpoints`);
await console_.page.locator('tr:has(.badge[data-state=COMPLETED]) td').first().click();
await console_.page.locator('.timeline-row').first().waitFor();
await console_.picture('checkpoints');
await console_.as('dark', 'en');
await upload(console_, component);
await fill(console_, { 'parameter-job': 'J5', parallelism: '4' });
await plan(console_);
await console_.page.locator('.chain').first().scrollIntoViewIfNeeded();
await console_.picture('submit');
await console_.close();
