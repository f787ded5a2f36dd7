import { pathToFileURL } from 'node:url';
import chromium from '@sparticuz/chromium';
import axe from 'axe-core';
import { chromium as playwright, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** What a page does that a report must not do. */
export interface Incidents {
  requests: string[];
  errors: string[];
  dialogs: string[];
}

/** Chromium of `FLEXATTN_CHROMIUM`, else that of the packages. */
export async function launchChromium(): Promise<Browser> {
  return playwright.launch({
    executablePath: process.env['FLEXATTN_CHROMIUM'] ?? (await chromium.executablePath()),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Opens a file from disk in a context of its own; what is asked of the disk beside pictures is an incident. */
export async function openPage(
  browser: Browser,
  file: string,
  settings: BrowserContextOptions = {},
  hash = '',
): Promise<{ page: Page; incidents: Incidents }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  const incidents: Incidents = { requests: [], errors: [], dialogs: [] };
  const { href } = pathToFileURL(file);
  page.on('request', (request) => {
    const url = request.url().split('#')[0] ?? '';
    if (url !== href && !url.startsWith('data:')) incidents.requests.push(url);
  });
  page.on('console', (message) => incidents.errors.push(message.text()));
  page.on('pageerror', (error) => incidents.errors.push(error.message));
  page.on('dialog', (dialog) => {
    incidents.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(`${href}${hash}`);
  return { page, incidents };
}

/** What axe-core finds wrong with a page, opened with `bypassCSP`. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axe.source });
  return page.evaluate<string[]>(`
    axe.run(document).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))
  `);
}
