import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SampleData } from '../src/report/browser/sample-data.js';
import { accessibilityViolations, launchChromium, openPage } from '../src/report/node/chromium.fixture.js';
import { makeRun } from '../src/report/node/run.fixture.js';
import { writeReport } from '../src/report/node/write-report.js';
import { flexattn } from './command-line.js';

/** Beside the 18 of the small benchmarks. */
const MANY = 5000;

let folder = '';
let browser: Browser;
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-e2e-'));
  const options = await makeRun(folder, MANY);
  await writeReport(options);
  file = join(options.out, 'index.html');
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const status = (page: Page) => page.locator('.keys [role=status]').textContent();
const shownId = (page: Page) => page.locator('h3 .id').textContent();
const list = (page: Page) => page.getByRole('listbox', { name: 'Samples that fit' });
const rowsOf = (page: Page) => list(page).getByRole('option');
/** The first of the many items whose picture is in the page, or beside it. */
async function itemWithPicture(page: Page, inside: boolean): Promise<string> {
  const { pictures, items } = JSON.parse(
    (await page.locator('#sample-data').textContent()) ?? '',
  ) as SampleData;
  const found = items.find(
    ([id, , , , , , , picture]) => id.startsWith('many/') && (pictures[picture]?.[0] !== null) === inside,
  );
  return found?.[0] ?? '';
}
/** Chooses in a control. */
const choose = (page: Page, name: string, label: string) =>
  page.locator(`[data-control=${name}]`).selectOption({ label });

describe('a report of 5,018 items from file://', () => {
  it('is one page below 3 MB that runs nothing and asks no network', async () => {
    expect((await stat(file)).size).toBeLessThan(3_000_000);
    const { page, incidents } = await openPage(browser, file);
    expect(await status(page)).toBe('5,018 of 5,018 samples');
    await list(page).focus();
    await page.keyboard.press('End');
    await expect.poll(() => shownId(page)).toBe('many/item-4999');
    expect(incidents.errors).toEqual([]);
    expect(incidents.dialogs).toEqual([]);
    expect(incidents.requests.filter((url) => !url.startsWith('file://'))).toEqual([]);
  });

  it('keeps only the rows in sight in the document', async () => {
    const { page } = await openPage(browser, file);
    const rows = () => rowsOf(page).count();
    expect(await rows()).toBeLessThan(60);
    await list(page).evaluate((box) => box.scrollTo(0, 100_000));
    await expect.poll(() => rowsOf(page).first().getAttribute('aria-posinset')).not.toBe('1');
    expect(await rows()).toBeLessThan(60);
    expect(await rowsOf(page).first().getAttribute('aria-setsize')).toBe('5018');
  });

  it('shows pictures in the page and pictures beside it', async () => {
    const { page } = await openPage(browser, file);
    for (const [id, source] of [
      [await itemWithPicture(page, true), /^data:image\/png/],
      [await itemWithPicture(page, false), /^\.\.\/many\/\d+\.png$/],
    ] as const) {
      await page.getByRole('searchbox').fill(id);
      const image = page.locator('.frame img');
      await expect.poll(() => image.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBe(60);
      expect(await image.getAttribute('src')).toMatch(source);
    }
  });

  it('says so where a picture is not there', async () => {
    const alone = join(folder, 'elsewhere', 'deep', 'index.html');
    await mkdir(join(folder, 'elsewhere', 'deep'), { recursive: true });
    await copyFile(file, alone);
    const { page } = await openPage(browser, alone);
    await page.getByRole('searchbox').fill(await itemWithPicture(page, false));
    await expect.poll(() => page.locator('.missing').textContent()).toContain('not beside it: ../many/');
  });

  it.each([
    ['search', 'number 4321,', '1 of 5,018 samples'],
    ['search', 'KIND number  4321', '1 of 5,018 samples'],
    ['search', 'no such words', '0 of 5,018 samples'],
  ])('%s "%s" finds %s', async (_, text, found) => {
    const { page } = await openPage(browser, file);
    await page.getByRole('searchbox').fill(text);
    await expect.poll(() => status(page)).toBe(found);
  });

  it.each([
    [{ task: 'TextVQA' }, '6'],
    [{ task: 'TextVQA', judged: 'base', result: 'right' }, '0'],
    [{ task: 'V*: direct attributes', judged: 'flexattn', result: 'right' }, '5'],
    [{ task: 'V*: direct attributes', judged: 'flexattn', result: 'wrong' }, '1'],
    [{ task: 'V*: direct attributes', result: 'flipped against …', against: 'base' }, '5'],
    [{ task: 'V*: direct attributes', result: 'right, against wrong', against: 'base' }, '5'],
    [{ task: 'V*: direct attributes', result: 'wrong, against right', against: 'base' }, '0'],
    [{ task: 'V*: direct attributes', result: 'flipped against …', against: 'flexattn' }, '0'],
    [{ result: 'without a score' }, '0'],
  ])('controls %j leave %s', async (settings, found) => {
    const { page } = await openPage(browser, file);
    for (const [name, label] of Object.entries(settings)) await choose(page, name, label);
    await expect.poll(() => status(page)).toBe(`${found} of 5,018 samples`);
    expect(await page.locator('article').isVisible()).toBe(found !== '0');
  });

  it('goes on by j, back by k and the arrows, and to the search by /', async () => {
    const { page } = await openPage(browser, file);
    const first = await shownId(page);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const third = await shownId(page);
    await page.keyboard.press('k');
    await list(page).focus();
    await page.keyboard.press('ArrowUp');
    expect(await shownId(page)).toBe(first);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await shownId(page)).toBe(third);
    await page.keyboard.press('/');
    await page.keyboard.type('jk');
    expect(await page.getByRole('searchbox').inputValue()).toBe('jk');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('searchbox').evaluate((one) => one === document.activeElement)).toBe(false);
  });

  it('shows the row that is clicked', async () => {
    const { page } = await openPage(browser, file);
    await rowsOf(page).nth(3).click();
    expect(await list(page).getByRole('option', { selected: true }).getAttribute('aria-posinset')).toBe('4');
    expect(await list(page).getAttribute('aria-activedescendant')).toBe(
      await rowsOf(page).nth(3).getAttribute('id'),
    );
  });

  it('is linked to as it is shown, and opens so', async () => {
    const { page } = await openPage(browser, file);
    await choose(page, 'task', 'many');
    await page.getByRole('searchbox').fill('number 12');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    const [hash, id, count] = [
      await page.evaluate<string>('location.hash'),
      await shownId(page),
      await status(page),
    ];
    expect(hash).toContain('sample=many%2Fitem-');
    const { page: other } = await openPage(browser, file, {}, hash);
    expect([await shownId(other), await status(other)]).toEqual([id, count]);
  });

  it('opens a linked sample that the controls of the link hide', async () => {
    const { page } = await openPage(browser, file, {}, '#sample=many%2Fitem-77&task=TextVQA');
    expect([await shownId(page), await status(page)]).toEqual(['many/item-77', '5,018 of 5,018 samples']);
    await page.evaluate("location.hash = '#sample=many%2Fitem-78'");
    await expect.poll(() => shownId(page)).toBe('many/item-78');
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
  ] as const)('is accessible in %s mode on a screen of %d pixels', async (colorScheme, width) => {
    const viewport = { width, height: 900 };
    const { page } = await openPage(browser, file, { colorScheme, viewport, bypassCSP: true });
    expect(await accessibilityViolations(page)).toEqual([]);
  });
});

describe('flexattn report', () => {
  it('--compare writes one page about two runs', async () => {
    const out = join(folder, 'compared');
    const compared = await flexattn([
      'report',
      '--compare',
      'runs/tiny',
      'runs/tiny',
      '--out',
      out,
      '--json',
    ]);
    expect(compared.code, compared.stderr).toBe(0);
    const { page, incidents } = await openPage(browser, join(out, 'index.html'), { bypassCSP: true });
    expect(await status(page)).toMatch(/^(\d+) of \1 samples$/);
    await choose(page, 'result', 'flipped against …');
    expect(await status(page)).toMatch(/^0 of/);
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(incidents).toMatchObject({ errors: [], dialogs: [] });
  });

  it('--compare of something else says what is missing', async () => {
    const refused = await flexattn(['report', '--compare', 'runs/tiny']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('expected two folders of runs, got 1');
  });

  it('--markdown prints the scores, or writes them', async () => {
    const printed = await flexattn(['report', '--markdown']);
    expect(printed.code, printed.stderr).toBe(0);
    expect(printed.stdout).toMatch(/^### FlexAttention run tiny\n[^]*\| TextVQA \| 200 \|/);
    const out = join(folder, 'summary.md');
    await flexattn(['report', '--markdown', '--out', out]);
    expect(await readFile(out, 'utf8')).toBe(printed.stdout);
  });

  it('--open says what to do where no browser can be started', async () => {
    const opened = await flexattn(['report', '--open', '--quiet'], { env: { PATH: '/nowhere' } });
    expect(opened.code).toBe(2);
    expect(opened.stderr).toContain('open it in a browser by hand');
  });
});
