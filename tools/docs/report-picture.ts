import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import sharp from 'sharp';

/** Enough for the first screen of the report, on a page that is as wide as a README. */
const VIEWPORT = { width: 1000, height: 860 };
/** More would make the README slow to open. */
const MAX_BYTES = 200_000;

// Draws docs/report.png: the first screen of a run's report (runs/tiny by default). Run from the root.
const run = resolve(process.argv[2] ?? 'runs/tiny');
const browser = await playwright.launch({
  executablePath: process.env['FLEXATTN_CHROMIUM'] ?? (await chromium.executablePath()),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
  await page.goto(pathToFileURL(join(run, 'report/index.html')).href);
  const picture = await sharp(await page.screenshot())
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer();
  if (picture.length > MAX_BYTES) throw new Error(`${picture.length} bytes, expected at most ${MAX_BYTES}`);
  await writeFile('docs/report.png', picture);
} finally {
  await browser.close();
}
