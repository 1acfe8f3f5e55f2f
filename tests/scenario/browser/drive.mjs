// SPDX-License-Identifier: Apache-2.0
// Keeps one page open in a headless Chromium and does what its standard input says, a line of JSON for each thing:
//   {"do": "evaluate", "expression": …}    {"do": "press", "key": …}    {"do": "goto", "url": …}
//   {"do": "size", "width": …, "height": …}    {"do": "screenshot", "path": …}    {"do": "errors"}
//   {"do": "tap", "name": …}, a button by its name    {"do": "choose", "label": …, "value": …}    {"do": "audit"}, by axe-core
//   {"do": "scheme", "scheme": "light" or "dark"}
// It answers each with a line: {"value": …} or {"failed": …}. The one argument is JSON: {chromium, modules, profile, before,
// device}, where `before` is a script that runs before those of each page, and `device` names one of Playwright's.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { createRequire } from 'node:module';

const wish = JSON.parse(process.argv[2]);
const { chromium, devices } = createRequire(path.join(wish.modules, 'here.js'))('playwright-core');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--no-proxy-server'];

const errors = [];
const context = await chromium.launchPersistentContext(wish.profile,
  { executablePath: wish.chromium, headless: true, args: flags,
    ...(devices[wish.device] ?? { viewport: { width: 800, height: 600 } }) });
const page = await context.newPage();
page.on('pageerror', error => errors.push(`page: ${error.message}`));
page.on('dialog', dialog => {
  errors.push(`dialog: ${dialog.message()}`);
  dialog.dismiss();
});
page.on('console', message => {
  if (message.type() === 'error') errors.push(`console: ${message.text()}`);
});
if (wish.before) await page.addInitScript(wish.before);
// Not page.evaluate, which the page's policy may keep from making code of a text.
const session = await context.newCDPSession(page);

async function evaluate(expression) {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate',
    { expression, returnByValue: true, awaitPromise: true, userGesture: false });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

// What breaks a rule of WCAG 2.2 AA, in a few words each.
async function audit() {
  await evaluate(`${fs.readFileSync(path.join(wish.modules, 'axe-core/axe.min.js'), 'utf8')};undefined`);
  return evaluate(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => [id, help, ...nodes.map(node => node.target.join(' '))].join(': ')))`);
}

const deeds = {
  evaluate: ({ expression }) => evaluate(expression),
  audit,
  tap: ({ name }) => page.getByRole('button', { name, exact: true }).tap({ timeout: 5000 }),
  choose: ({ label, value }) => page.getByLabel(label, { exact: true }).selectOption(value, { timeout: 5000 }),
  press: ({ key }) => page.keyboard.press(key),
  goto: async ({ url }) => (await page.goto(url))?.status(),
  size: ({ width, height }) => page.setViewportSize({ width, height }),
  scheme: ({ scheme }) => page.emulateMedia({ colorScheme: scheme }),
  screenshot: async ({ path: to }) => { await page.screenshot({ path: to }); },
  errors: () => errors,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { value: await deeds[order.do](order) ?? null };
  } catch (error) {
    answer = { failed: error.message };
  }
  console.log(JSON.stringify(answer));
}
await context.close();
