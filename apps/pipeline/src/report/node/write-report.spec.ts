import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { scoreAnswers, scoreRows, writeItems, type EvalResults } from '@flexattn/eval';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { percent } from '../numbers.js';
import type { RunSetup } from '../setup.js';
import { writeReport, type ReportOptions } from './write-report.js';

const SCRIPT = `<script>document.title = 'run'; alert('run')</script>`;
const IMAGE = `"><img src="https://example.org/x.png" onerror="document.title = 'run'">`;

const config: RunSetup = {
  data: { annotations: `data/${IMAGE}.json` },
  checkpoint: 'base',
  init: { extra: { lowres_size: '63', highres_size: '189', select_from_layer: '1' } },
  models: [
    { name: 'base', trained: false, selection: 'none' },
    { name: 'low-res', trained: true, selection: 'none' },
    { name: 'flexattn', trained: true, selection: 'attention' },
  ],
  train: { steps: 20, batchSize: 4, learningRate: 1e-3, freeze: ['vision_tower'], seed: 1 },
};

/** V* pictures: their sizes, and the regions that layers 1, 2 and 3 choose in each. */
const WIDE = { width: 180, height: 100 };
const CHOSEN = [[18, 40], [40], [40, 0]];

let folder = '';
let options: ReportOptions;
let results: EvalResults;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
  options = await makeRun(folder);
  results = JSON.parse(await readFile(join(options.scores, 'summary.json'), 'utf8')) as EvalResults;
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const jsonLines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Small benchmarks in their published formats; the questions of one try to break out of the page. */
async function makeBenchmarks(root: string) {
  const white = (size: { width: number; height: number }) =>
    sharp({ create: { ...size, channels: 3, background: 'white' } });
  for (let i = 0; i < 6; i += 1) {
    const stem = join(root, 'vstar/vstar_bench/direct_attributes', `sa_${i}`);
    await put(`${stem}.png`, await white(WIDE).png().toBuffer());
    await put(
      `${stem}.json`,
      JSON.stringify({ question: 'Which way?', options: ['up', 'down', 'left', 'right'] }),
    );
    const other = join(root, 'vstar/vstar_bench/relative_position', `sa_${i}`);
    await put(`${other}.png`, await white({ width: 100, height: 180 }).png().toBuffer());
    await put(`${other}.json`, JSON.stringify({ question: 'Which side?', options: [SCRIPT, IMAGE] }));
  }
  const data = Array.from({ length: 6 }, (_, i) => ({
    question_id: i,
    question: i % 2 === 0 ? SCRIPT : IMAGE,
    image_id: `picture${i}`,
    answers: Array.from({ length: 10 }, () => (i % 2 === 0 ? IMAGE : 'red')),
  }));
  await put(join(root, 'textvqa/TextVQA_0.5.1_val.json'), JSON.stringify({ data }));
  for (const { image_id } of data) {
    await put(
      join(root, `textvqa/train_images/${image_id}.jpg`),
      await white({ width: 90, height: 90 }).jpeg().toBuffer(),
    );
  }
  return {
    textvqa: { path: join(root, 'textvqa'), protocol: 'plain' },
    vstar: { path: join(root, 'vstar') },
  };
}

/** A run up to its scores; FlexAttention is right but for the first item of each kind, the others hardly ever. */
async function makeRun(root: string): Promise<ReportOptions> {
  const benchmarks = await makeBenchmarks(root);
  await writeItems({ benchmarks, out: join(root, 'items'), root, quiet: true });
  const items = join(root, 'items/items.jsonl');
  const asked = (await readFile(items, 'utf8')).trim().split('\n');
  const answers: Record<string, string> = {};
  for (const { name, selection } of config.models) {
    const layers = CHOSEN.map((rows, i) => ({ layer: i + 1, rows }));
    const regions = { grid: 9, hd: 72, steps: selection === 'attention' ? [layers, []] : [] };
    const lines = asked.map((text, i) => {
      const { id, options: choices } = JSON.parse(text) as { id: string; options?: string[] };
      const right = selection === 'attention' && i % 6 !== 0;
      if (choices === undefined)
        return { id, text: right && i % 2 === 1 ? 'red' : SCRIPT, tokens: [1], finish: 'stop', regions };
      return {
        id,
        losses: choices.map((_, option) => (option === (right ? 0 : 1) ? 0.25 : 1.5 + option)),
        best: 0,
        regions,
      };
    });
    const file = join(root, 'infer', `${name}.jsonl`);
    await put(file, jsonLines(lines));
    answers[name] = file;
  }
  await scoreAnswers({ benchmarks, items, answers, out: join(root, 'eval'), seed: 1 });
  for (const model of ['low-res', 'flexattn']) {
    const losses = Array.from({ length: 20 }, (_, i) => ({
      step: i + 1,
      loss: 2 / (i + 1),
      learningRate: 1e-3,
    }));
    await put(join(root, 'train', model, 'metrics.jsonl'), jsonLines(losses));
  }
  const clean = {
    samples: 12,
    kept: 10,
    untouched: 7,
    changed: { TAG_ADDED: 3 },
    dropped: { BAD_SHAPE: 2 },
    sources: {},
  };
  await put(join(root, 'clean/report.json'), JSON.stringify(clean));
  return {
    run: SCRIPT,
    config,
    scores: join(root, 'eval'),
    items,
    root,
    inferred: join(root, 'infer'),
    cleanReport: join(root, 'clean/report.json'),
    training: join(root, 'train'),
    out: join(root, 'report'),
    samples: 9,
    notes: [IMAGE],
  };
}

describe('writeReport', () => {
  it('writes one file, the same bytes for the same input', async () => {
    const { bytes, samples } = await writeReport(options);
    const first = await readFile(join(options.out, 'index.html'));
    expect(samples).toBe(9);
    expect(first.length).toBe(bytes);
    await writeReport({ ...options, out: join(folder, 'again') });
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

  it('refuses regions of another answer', async () => {
    const inferred = join(folder, 'mixed');
    const lines = (await readFile(join(options.inferred, 'flexattn.jsonl'), 'utf8')).trim().split('\n');
    await put(join(inferred, 'flexattn.jsonl'), [...lines.slice(1), lines[0]].join('\n'));
    await expect(writeReport({ ...options, inferred })).rejects.toThrow(
      /flexattn\.jsonl\[line \d+\]: expected the answer to/,
    );
  });
});

/** What a page does that a report must not do. */
interface Incidents {
  requests: string[];
  errors: string[];
  dialogs: string[];
}

describe('the report in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    await writeReport(options);
    browser = await playwright.launch({
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
  }, 120_000);
  afterAll(() => browser.close());

  async function open(settings: BrowserContextOptions = {}): Promise<{ page: Page; incidents: Incidents }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
    const page = await context.newPage();
    const incidents: Incidents = { requests: [], errors: [], dialogs: [] };
    const url = pathToFileURL(join(options.out, 'index.html')).href;
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) incidents.requests.push(request.url());
    });
    page.on('console', (message) => incidents.errors.push(message.text()));
    page.on('pageerror', (error) => incidents.errors.push(error.message));
    page.on('dialog', (dialog) => {
      incidents.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, incidents };
  }

  it('shows hostile text as text: nothing runs, nothing is fetched', async () => {
    const { page, incidents } = await open();
    await page.locator('#samples').scrollIntoViewIfNeeded();
    expect(incidents).toEqual({ requests: [], errors: [], dialogs: [] });
    expect(await page.title()).toBe(`FlexAttention run “${SCRIPT}”`);
    expect(await page.locator('h1').textContent()).toBe(`FlexAttention run “${SCRIPT}”`);
    expect(await page.locator('.question').allTextContents()).toContain(
      `${SCRIPT}Answer the question using a single word or phrase.`,
    );
    expect(await page.locator('aside').textContent()).toContain(IMAGE);
    expect(await page.locator('img, iframe, object, form').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
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

  it('holds every picture that it shows', async () => {
    const { page } = await open();
    const sizes = await page.evaluate<[number, number][]>(`
      Promise.all(Array.from(document.querySelectorAll('.picture image'), async (image) => {
        const picture = new Image();
        picture.src = image.getAttribute('href');
        await picture.decode();
        const { width, height } = image.getBBox();
        return [picture.naturalWidth / picture.naturalHeight, width / height];
      }))
    `);
    expect(sizes).toHaveLength(9);
    for (const [natural, drawn] of sizes) expect(natural).toBeCloseTo(drawn);
  });

  /** Boxes of the regions that are shown, in pixels of the picture. */
  async function regionsIn(page: Page, article: number): Promise<number[][]> {
    const picture = page.locator('article').nth(article).locator('image');
    const drawn = await picture.boundingBox();
    if (drawn === null) return [];
    const scale = Number(await picture.getAttribute('width')) / drawn.width;
    const rects = await page.locator('article').nth(article).locator('rect').all();
    const boxes = await Promise.all(rects.map((rect) => rect.boundingBox()));
    return boxes
      .filter((box) => box !== null)
      .map(({ x, y, width, height }) =>
        // a line of one pixel lies half outside of what it surrounds
        [x + 0.5 - drawn.x, y + 0.5 - drawn.y, width - 1, height - 1].map(
          (value) => Math.round(value * scale) + 0,
        ),
      );
  }

  /** Index of the first sample of a wide picture. */
  async function wideSample(page: Page): Promise<number> {
    const titles = await page.locator('article h3').allTextContents();
    return titles.findIndex((title) => title.includes('direct_attributes'));
  }

  it('draws the regions where they are in the picture, without its padding', async () => {
    const { page } = await open();
    // 180 x 100 lies on a square of 180 with 40 above and below; a region has 20
    expect(await regionsIn(page, await wideSample(page))).toEqual([
      [0, 0, 20, 20],
      [80, 40, 20, 20],
    ]);
  });

  it('shows the regions of one layer at a time', async () => {
    const { page } = await open();
    const wide = await wideSample(page);
    const slider = page.locator('article').nth(wide).getByRole('slider', { name: 'Show' });
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    expect(await regionsIn(page, wide)).toHaveLength(2);
    await page.keyboard.press('ArrowRight');
    expect(await regionsIn(page, wide)).toEqual([[80, 40, 20, 20]]);
    expect(await slider.getAttribute('aria-valuetext')).toBe('layer 2');
    await page.keyboard.press('Home');
    expect(await regionsIn(page, wide)).toHaveLength(2);
  });

  /** Colour in the middle of a region of the wide picture, as it is on the screen. */
  async function colourOf(page: Page): Promise<number[]> {
    const picture = page
      .locator('article')
      .nth(await wideSample(page))
      .locator('svg:has(image)');
    // Chromium refuses screenshots now and then on a busy machine.
    const shot = await vi.waitFor(() => picture.screenshot(), { timeout: 20_000, interval: 100 });
    const { width = 0, height = 0 } = await sharp(shot).metadata();
    const at = { left: Math.round(width / 2), top: Math.round(height / 2), width: 1, height: 1 };
    return [...(await sharp(shot).extract(at).removeAlpha().raw().toBuffer())];
  }

  it('hides them all when asked to', async () => {
    const { page } = await open();
    const [red = 0, green = 0, blue = 0] = await colourOf(page);
    expect(red).toBe(255);
    expect(blue).toBeGreaterThan(green);
    expect(green).toBeLessThan(200);
    await page.getByRole('checkbox', { name: 'Show the chosen regions' }).uncheck();
    expect(await colourOf(page)).toEqual([255, 255, 255]);
  });

  it('works without scripts', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    expect(await page.getByRole('slider').count()).toBe(0);
    expect(await page.locator('.regions').first().isVisible()).toBe(true);
    await page.getByRole('checkbox').uncheck();
    expect(await page.locator('.regions').first().isVisible()).toBe(false);
  });

  it('fits on a phone', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it.each([
    ['light', 'rgb(255, 255, 255)'],
    ['dark', 'rgb(20, 22, 26)'],
  ] as const)('follows the reader into %s mode', async (colorScheme, colour) => {
    const { page } = await open({ colorScheme });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground()).toBe(colour);
    await page.emulateMedia({ media: 'print' });
    expect(await ground()).toBe('rgb(255, 255, 255)');
  });
});
