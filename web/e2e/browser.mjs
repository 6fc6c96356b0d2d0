/** One browser with one page on the console of a real cluster. Whatever the page complains about fails the test. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** No single wait takes longer, unless something is wrong. */
export const PATIENCE_MS = 60_000;

export class Console {
  #browser;
  #page;
  #address;
  #pictures;
  #complaints = [];

  static async open({ address, pictures, browser }) {
    const console_ = new Console();
    console_.#address = address;
    console_.#pictures = pictures;
    mkdirSync(pictures, { recursive: true });
    console_.#browser = await chromium.launch({ executablePath: browser, args: ['--no-sandbox'] });
    await console_.#newPage('dark', 'en');
    return console_;
  }

  get page() {
    return this.#page;
  }

  async #newPage(theme, locale) {
    const context = await this.#browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme: theme,
      locale,
    });
    this.#page = await context.newPage();
    this.#page.setDefaultTimeout(PATIENCE_MS);
    this.#page.on('pageerror', (error) => this.#complaints.push(`error in the page: ${error.message}`));
    this.#page.on('console', (message) => {
      // A refused request is logged by the browser itself; the tests look at what the page makes of it.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.#complaints.push(`console: ${message.text()}`);
      }
    });
  }

  /** The same console as another user would see it: theme and language of the system. */
  async as(theme, locale) {
    await this.#page.context().close();
    await this.#newPage(theme, locale);
  }

  async goTo(path) {
    await this.#page.goto(`${this.#address}/#/${path}`);
    await this.drawn(path);
  }

  /** Waits until the screen of a path is drawn: the address alone changes before that. */
  async drawn(path) {
    await this.#page.locator(`[data-screen="${path}"]`).waitFor();
  }

  /** A picture for people, below `target/console-screenshots`. */
  async picture(name) {
    await this.#page.screenshot({ path: join(this.#pictures, `${name}.png`) });
  }

  /** Asks until there is something, with a limit. */
  async until(what, ask) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = await ask();
      if (found) return found;
      if (Date.now() > end) throw new Error(`in vain: ${what}`);
      await this.#page.waitForTimeout(50);
    }
  }

  /** What the page has complained about so far. */
  get complaints() {
    return this.#complaints;
  }

  async close() {
    await this.#browser.close();
  }
}
