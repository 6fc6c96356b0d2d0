/** What a user does on the Submit screen. */

/** Uploads a component through the page; its form is open afterwards. */
export async function upload(console_, file) {
  await console_.goTo('submit');
  await console_.page.locator('input[type=file]').setInputFiles(file);
  await console_.page.locator('[data-action=run]').waitFor();
}

/** Fills in the form of a component. `fields` are ids of fields and what is typed. */
export async function fill(console_, fields) {
  for (const [id, value] of Object.entries(fields)) await console_.page.locator(`#${id}`).fill(value);
}

/** Waits for the plan and returns the names of its operators. */
export async function plan(console_) {
  await console_.page.locator('.chain').first().waitFor();
  return console_.page.locator('.chain-operator').allInnerTexts();
}

/** Runs what the form says; returns the id of the job. */
export async function run(console_) {
  await console_.page.locator('[data-action=run]:not([disabled])').click();
  await console_.page.waitForURL(/#\/job\//);
  return /#\/job\/([^/]+)/.exec(console_.page.url())[1];
}
