/** Every screen opens in both themes and both languages, and the keys lead where they should. */
import assert from 'node:assert/strict';

const SCREENS = ['overview', 'jobs', 'submit', 'components', 'task-manager', 'job-manager/config', 'job-manager/logs'];
const TABS = ['overview', 'watermarks', 'checkpoints', 'state', 'exceptions', 'dead-letters', 'logs', 'configuration', 'why'];

async function settled(console_) {
  await console_.page.locator('main h1, main .page-head').first().waitFor();
  await console_.until('the screen has loaded', async () => {
    const text = await console_.page.locator('main').innerText();
    return !/Loading …|加载中…/.test(text);
  });
}

/** The job that runs, from the list. */
async function runningJob(console_) {
  await console_.goTo('jobs');
  const row = console_.page.locator('[data-row]:has(.badge[data-state=RUNNING])').first();
  await row.waitFor();
  return row.getAttribute('data-row');
}

export async function everyScreenOpens(console_) {
  for (const [theme, locale] of [
    ['light', 'zh-CN'],
    ['dark', 'en'],
    ['light', 'en'],
  ]) {
    await console_.as(theme, locale);
    const jid = await runningJob(console_);
    for (const screen of [...SCREENS, ...TABS.map((tab) => `job/${jid}/${tab}`)]) {
      await console_.goTo(screen);
      await settled(console_);
      const refusals = await console_.page.locator('main [data-refused]').allInnerTexts();
      assert.deepEqual(refusals, [], `${screen} is refused`);
      if (locale === 'en') await console_.picture(`${theme}-${screen.replace(jid, '').replaceAll('/', '-')}`);
    }
  }
}

export async function keysLeadTheWay(console_) {
  const { page } = console_;
  await console_.goTo('overview');
  await settled(console_);
  await page.keyboard.press('g');
  await page.keyboard.press('j');
  await console_.drawn('jobs');
  await page.locator('[data-row]').first().waitFor();
  await page.keyboard.press('/');
  await page.locator('[data-filter]:focus').waitFor();
  await page.keyboard.type('no such job');
  await page.locator('.empty').waitFor();
  await page.locator('[data-filter]').fill('');
  await page.locator('[data-row]').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('[data-filter]:not(:focus)').waitFor();
  await page.keyboard.press('j');
  await page.locator('[data-row]:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-screen^="job/"]').waitFor();
  await page.keyboard.press('n');
  await console_.drawn('submit');
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
}

/** Everything one can press has a name, and no id stands twice. */
export async function screensCanBeReadAloud(console_) {
  const jid = await runningJob(console_);
  for (const screen of ['overview', 'jobs', 'submit', `job/${jid}/overview`, `job/${jid}/checkpoints`]) {
    await console_.goTo(screen);
    await settled(console_);
    const nameless = await console_.page.evaluate(() =>
      [...document.querySelectorAll('button, a, input, select, textarea, [role=button], [role=img]')]
        .filter((element) => !element.hidden)
        .filter((element) => {
          const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
          return label.trim() === '' && !(element.labels?.length > 0);
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(nameless, [], `${screen}: all that acts has a name`);
  }
}
