/**
 * Drives the console of a real cluster in a real browser. Takes its orders from the environment: CONSOLE_ADDRESS,
 * CONSOLE_PLUGINS (a folder of components), CONSOLE_PICTURES and CONSOLE_BROWSER. Ends with 0 if every promise is kept.
 */
import { Console } from './browser.mjs';
import { failingJobSaysWhy, wrongParameterIsSaidBeforeTheRun } from './failure.mjs';
import { jobGoesItsWay } from './journey.mjs';
import { componentIsSwapped, deadLettersAreReplayed, deadLettersAreTakenAwayAndDiscarded } from './operations.mjs';
import { everyScreenOpens, keysLeadTheWay, screensCanBeReadAloud } from './screens.mjs';

function order(name) {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

const SCENES = {
  jobGoesItsWay,
  wrongParameterIsSaidBeforeTheRun,
  failingJobSaysWhy,
  componentIsSwapped,
  deadLettersAreTakenAwayAndDiscarded,
  deadLettersAreReplayed,
  everyScreenOpens,
  keysLeadTheWay,
  screensCanBeReadAloud,
};

const console_ = await Console.open({
  address: order('CONSOLE_ADDRESS'),
  pictures: order('CONSOLE_PICTURES'),
  browser: process.env['CONSOLE_BROWSER'] ?? '/usr/bin/chromium',
});
const plugins = order('CONSOLE_PLUGINS');
let failed = false;
for (const [name, scene] of Object.entries(SCENES)) {
  const before = Date.now();
  try {
    await scene(console_, plugins);
    if (console_.complaints.length > 0) throw new Error(console_.complaints.splice(0).join('\n'));
    console.log(`ok ${name} ${Date.now() - before} ms`);
  } catch (error) {
    failed = true;
    await console_.picture(`failure-${name}`);
    console.log(`FAILED ${name}: ${error.stack ?? error}\n  at ${console_.page.url()}`);
    const shown = await console_.page.locator('main').innerText().catch(() => '');
    console.log(`  the page says: ${shown.slice(0, 1500)}`);
    break;
  }
}
await console_.close();
process.exit(failed ? 1 : 0);
