// SPDX-License-Identifier: Apache-2.0
// Opens the test's page in a headless Chromium, plays, and prints one line of JSON: what page.js reports.
// The one argument is JSON: {chromium, modules, profile, page, way, library, url, seconds, patience, screenshot}.
import path from 'node:path';
import { createRequire } from 'node:module';

const wish = JSON.parse(process.argv[2]);
const { chromium } = createRequire(path.join(wish.modules, 'here.js'))('playwright-core');

// No GPU, no sandbox (the tests run as root), and nothing that talks to anybody but the page.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--no-proxy-server',
  '--autoplay-policy=no-user-gesture-required'];

const errors = [];
const protocols = new Set();  // versions of HTTP that the URL's host answered by
const context = await chromium.launchPersistentContext(wish.profile,
  { executablePath: wish.chromium, headless: true, args: flags, ignoreHTTPSErrors: true, viewport: { width: 640, height: 360 } });
let report;
try {
  const page = await context.newPage();
  page.on('pageerror', error => errors.push(`page: ${error.message}`));
  page.on('console', message => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`);
  });
  const network = await context.newCDPSession(page);
  network.on('Network.responseReceived', ({ response }) => {
    if (new URL(response.url).host === new URL(wish.url).host) protocols.add(response.protocol);
  });
  await network.send('Network.enable');
  await page.goto(wish.page);
  if (wish.library) await page.addScriptTag({ url: wish.library });
  await page.evaluate(([way, url]) => window.start(way, url), [wish.way, wish.url]);
  await page.waitForFunction(seconds => window.done(seconds), wish.seconds, { polling: 100, timeout: wish.patience * 1000 })
    .catch(error => errors.push(`not played so long: ${error.message.split('\n')[0]}`));
  report = await page.evaluate(() => window.report());
  if (wish.screenshot) await page.screenshot({ path: wish.screenshot });
} finally {
  await context.close();
}
report.errors.push(...errors);
report.protocols = [...protocols];
console.log(JSON.stringify(report));
