import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoreRows, type EvalResults } from '@flexattn/eval';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { percent } from '../numbers.js';
import { accessibilityViolations, launchChromium, openPage } from './chromium.fixture.js';
import { IMAGE, SCRIPT, makeRun, put } from './run.fixture.js';
import { writeReport, type ReportOptions } from './write-report.js';

let folder = '';
let options: ReportOptions;
let results: EvalResults;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  options = await makeRun(folder);
  results = JSON.parse(await readFile(join(options.scores, 'summary.json'), 'utf8')) as EvalResults;
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('writeReport', () => {
  it('writes one file with every item, the same bytes for the same input', async () => {
    const { bytes, samples } = await writeReport(options);
    const first = await readFile(join(options.out, 'index.html'));
    expect(samples).toBe(18);
    expect(first.length).toBe(bytes);
    await writeReport({ ...options, out: join(folder, 'again'), page: options.out });
    expect((await readFile(join(folder, 'again/index.html'))).equals(first)).toBe(true);
  });

  it('shows no published figures beside benchmarks of another size', async () => {
    await writeReport(options);
    expect(await readFile(join(options.out, 'index.html'), 'utf8')).not.toContain('Published for 7B models');
  });

  it('draws no losses where another program trained', async () => {
    const out = join(folder, 'external');
    await writeReport({ ...options, training: join(folder, 'nothing'), out });
    expect(await readFile(join(out, 'index.html'), 'utf8')).not.toContain('Training loss');
    expect(await readFile(join(options.out, 'index.html'), 'utf8')).toContain('Training loss');
  });

  it.each([
    ['eval/base/answers.jsonl', 'not json\n', /answers\.jsonl, line 1.*\(BAD_JSON\)/],
    ['eval/base/answers.jsonl', '{"id":"a"}\n', /answers\.jsonl\[line 1\.\w+\].*\(BAD_CONTENT\)/],
    ['eval/summary.json', '{}', /summary\.json.*\(BAD_CONTENT\)/],
    ['clean/report.json', '{"samples":1}', /report\.json\[kept\].*\(BAD_CONTENT\)/],
  ])('refuses a %s of another form and writes nothing', async (name, content, message) => {
    const broken = join(folder, 'broken');
    await cp(options.scores, join(broken, 'eval'), { recursive: true });
    await cp(options.cleanReport, join(broken, 'clean/report.json'));
    await put(join(broken, name), content);
    const out = join(folder, 'unwritten');
    const inputs = { scores: join(broken, 'eval'), cleanReport: join(broken, 'clean/report.json') };
    await expect(writeReport({ ...options, ...inputs, out })).rejects.toThrow(message);
    await expect(readFile(join(out, 'index.html'))).rejects.toThrow(/ENOENT/);
    await rm(broken, { recursive: true });
  });

  it('refuses to write a page beyond 3 MB', async () => {
    const out = join(folder, 'large');
    const notes = ['x'.repeat(3e6)];
    await expect(writeReport({ ...options, out, notes })).rejects.toThrow(
      /the report would have \d{7} bytes, expected at most 3000000.*BAD_CONFIG/,
    );
    await expect(readFile(join(out, 'index.html'))).rejects.toThrow(/ENOENT/);
  });

  it('refuses regions of another answer', async () => {
    const inferred = join(folder, 'mixed');
    const lines = (await readFile(join(options.inferred, 'flexattn.jsonl'), 'utf8')).trim().split('\n');
    await put(join(inferred, 'flexattn.jsonl'), [...lines.slice(1), lines[0]].join('\n'));
    await expect(writeReport({ ...options, inferred })).rejects.toThrow(
      /flexattn\.jsonl\[line \d+\]: expected the answer to/,
    );
  });
});

describe('the report in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    await writeReport(options);
    browser = await launchChromium();
  }, 120_000);
  afterAll(() => browser.close());

  const open = (settings: BrowserContextOptions = {}, hash = '') =>
    openPage(browser, join(options.out, 'index.html'), settings, hash);

  it('shows hostile text as text: nothing runs, nothing is fetched', async () => {
    const { page, incidents } = await open();
    for (const item of ['textvqa/0', 'textvqa/1', 'vstar/relative_position/sa_0']) {
      await page.getByRole('searchbox').fill(item);
      await expect.poll(() => page.locator('h3 .id').textContent()).toBe(item);
    }
    expect(incidents).toEqual({ requests: [], errors: [], dialogs: [] });
    expect(await page.title()).toBe(`FlexAttention run “${SCRIPT}”`);
    expect(await page.locator('h1').textContent()).toBe(`FlexAttention run “${SCRIPT}”`);
    expect(await page.locator('.losses th[scope=row]').allTextContents()).toEqual([SCRIPT, IMAGE]);
    expect(await page.locator('aside').textContent()).toContain(IMAGE);
    expect(await page.locator('iframe, object, form').count()).toBe(0);
    expect(await page.locator('script:not([type])').count()).toBe(1);
  });

  it('would run nothing even if markup came through', async () => {
    const { page, incidents } = await open();
    await page.evaluate(`
      document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(`<p title="${IMAGE}</p>`)});
      const script = document.createElement('script');
      script.textContent = "document.title = 'run'";
      document.body.append(script);
    `);
    await vi.waitFor(() => expect(incidents.errors.length).toBeGreaterThan(1));
    expect(incidents.errors.every((text) => text.includes('Content Security Policy'))).toBe(true);
    expect(await page.title()).not.toBe('run');
  });

  it('has the numbers of the results in its table', async () => {
    const { page } = await open();
    const lines = await page.locator('.scores tr.main').all();
    const texts = await Promise.all(lines.map((line) => line.locator('td').allInnerTexts()));
    const cells = texts.map((line) => line.map((cell) => cell.split(/\s*\n\s*/)));
    const main = scoreRows(results).filter(({ isMain }) => isMain);
    const tasks = [...new Set(main.map(({ task }) => task))];
    expect(cells).toEqual(
      tasks.map((task) => {
        const rows = main.filter((row) => row.task === task);
        const scores = rows.map(({ score, interval95 }) => [
          percent(score ?? NaN),
          `${percent(interval95?.[0] ?? NaN)} to ${percent(interval95?.[1] ?? NaN)}`,
        ]);
        return [[String(rows[0]?.n)], ...scores];
      }),
    );
    expect(cells).toHaveLength(4);
  });

  /** Boxes of the regions that are shown, in pixels of the picture. */
  async function regionsIn(page: Page): Promise<number[][]> {
    const boxes = await page
      .locator('.overlay rect')
      .evaluateAll((rects) =>
        rects.map((rect) => ['x', 'y', 'width', 'height'].map((name) => Number(rect.getAttribute(name)))),
      );
    return boxes.sort(([a = 0], [b = 0]) => a - b);
  }

  const WIDE = '#sample=vstar%2Fdirect_attributes%2Fsa_1';

  it('draws the regions where they are in the picture, without its padding', async () => {
    const { page } = await open({}, WIDE);
    // 180 x 100 lies on a square of 180 with 40 above and below; a region has 20
    await expect
      .poll(() => regionsIn(page))
      .toEqual([
        [0, 0, 20, 20],
        [80, 40, 20, 20],
      ]);
    const [picture, overlay] = await Promise.all(
      ['.frame img', '.frame svg'].map((selector) => page.locator(selector).boundingBox()),
    );
    expect(overlay).toEqual(picture);
  });

  it('shows the regions of one layer, and of another token', async () => {
    const { page } = await open({}, WIDE);
    await expect.poll(() => regionsIn(page)).toHaveLength(2);
    const layers = page.getByRole('slider', { name: 'Layers' });
    await layers.focus();
    await page.keyboard.press('ArrowRight');
    expect(await layers.getAttribute('aria-valuetext')).toBe('layer 1');
    expect(await regionsIn(page)).toHaveLength(2);
    await page.keyboard.press('ArrowRight');
    expect(await regionsIn(page)).toEqual([[80, 40, 20, 20]]);
    await page.keyboard.press('Home');
    const token = page.getByRole('slider', { name: 'Token' });
    await token.focus();
    await page.keyboard.press('ArrowRight');
    expect(await token.getAttribute('aria-valuetext')).toBe('option “down”');
    expect(await regionsIn(page)).toEqual([]);
    expect(await page.locator('.regions-told').textContent()).toBe(
      'Of 81 regions flexattn chose for option “down”: layer 1 1, layer 2 0, layer 3 0.',
    );
  });

  /** Colour in the middle of the picture, as it is on the screen. */
  async function colourOf(page: Page): Promise<number[]> {
    // Chromium refuses screenshots now and then on a busy machine.
    const shot = await vi.waitFor(() => page.locator('.frame').screenshot(), {
      timeout: 20_000,
      interval: 100,
    });
    const { width = 0, height = 0 } = await sharp(shot).metadata();
    const at = { left: Math.round(width / 2), top: Math.round(height / 2), width: 1, height: 1 };
    return [...(await sharp(shot).extract(at).removeAlpha().raw().toBuffer())];
  }

  it('hides the regions when asked to', async () => {
    const { page } = await open({}, WIDE);
    await expect.poll(() => regionsIn(page)).toHaveLength(2);
    const [red = 0, green = 0, blue = 0] = await colourOf(page);
    expect(red).toBe(255);
    expect(blue).toBeGreaterThan(green);
    expect(green).toBeLessThan(200);
    await page.getByRole('checkbox', { name: 'Show the chosen regions' }).uncheck();
    expect(await colourOf(page)).toEqual([255, 255, 255]);
  });

  it('shows the losses of options, the lowest in bold', async () => {
    const { page } = await open({}, WIDE);
    const cells = await page.locator('.losses tbody tr').first().locator('td').allTextContents();
    expect(cells).toEqual(['1.50', '1.50', '0.25']);
    expect(await page.locator('.losses .least').allTextContents()).toEqual(['0.25', '0.25', '0.25']);
  });

  it('shows the scores, and says what is missing, without scripts', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    expect(await page.locator('.scores').isVisible()).toBe(true);
    expect(await page.locator('.browser').isVisible()).toBe(false);
    expect(await page.locator('noscript').textContent()).toContain('not allowed to run');
  });

  it('fits on a phone', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it.each([
    ['light', 'rgb(255, 255, 255)'],
    ['dark', 'rgb(20, 22, 26)'],
  ] as const)(
    'follows the reader into %s mode, is accessible there, and prints in light',
    async (colorScheme, colour) => {
      const { page } = await open({ colorScheme, bypassCSP: true }, WIDE);
      const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await ground()).toBe(colour);
      expect(await accessibilityViolations(page)).toEqual([]);
      await page.emulateMedia({ media: 'print' });
      expect(await ground()).toBe('rgb(255, 255, 255)');
      expect(await page.locator('.list').isVisible()).toBe(false);
      expect(await page.locator('article').isVisible()).toBe(true);
    },
  );
});
