import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import chromium from '@sparticuz/chromium';
import { scoreAnswers, writeItems } from '@flexattn/eval';
import { runProgram } from '@flexattn/stage';
import { chromium as playwright, type Browser } from 'playwright-core';
import { resultOf, type BenchResult } from './result.js';

/** What a page of many items takes. */
export interface ReportBench {
  items: number;
  pageMegabytes: number;
  /** Of `flexattn report --compare`, from start to end. */
  buildSeconds: number;
  /** From the address to the first sample, and for one search through all items. */
  openMs: number;
  searchMs: number;
  /** Between two frames while the list is scrolled, and in an empty page of the same browser. */
  scrolling: Frames;
  empty: Frames;
}

/** Milliseconds between frames. */
interface Frames {
  median: number;
  p95: number;
  longest: number;
}

const ROOT = join(import.meta.dirname, '../../..');
const FRAMES = 300;
/** Pixels a frame: a fast swipe, several rows. */
const SPEED = 160;

/** Measures the report's sample browser with `items` items of two runs, in Chromium from disk. */
export async function run({ items = 5000 }: { items?: number } = {}): Promise<ReportBench> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
  try {
    const runs = [await makeRun(join(folder, 'a'), items), await makeRun(join(folder, 'b'), items)];
    const began = performance.now();
    const command = join(ROOT, 'apps/pipeline/bin/flexattn.js');
    await runProgram(process.execPath, [command, 'report', '--compare', ...runs, '--out', folder], {
      cwd: folder,
    });
    const buildSeconds = (performance.now() - began) / 1000;
    const page = join(folder, 'index.html');
    const browser = await playwright.launch({
      executablePath: process.env['FLEXATTN_CHROMIUM'] ?? (await chromium.executablePath()),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    try {
      const pageMegabytes = (await stat(page)).size / 1e6;
      return { items, pageMegabytes, buildSeconds, ...(await measure(browser, pathToFileURL(page).href)) };
    } finally {
      await browser.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A run as far as a comparison reads it: items, scores, and a receipt of its report. */
async function makeRun(folder: string, items: number): Promise<string> {
  await mkdir(join(folder, 'data'), { recursive: true });
  await writeFile(join(folder, 'data/picture.png'), PIXEL);
  const question = (i: number) => `What is written on the ${i % 97}th sign from the left, number ${i}?`;
  const lines = Array.from({ length: items }, (_, i) =>
    JSON.stringify({ id: `${i}`, image: 'picture.png', question: question(i), answers: ['stop'] }),
  );
  await writeFile(join(folder, 'data/many.jsonl'), `${lines.join('\n')}\n`);
  const benchmarks = { many: { path: join(folder, 'data/many.jsonl'), metric: 'exact' as const } };
  await writeItems({ benchmarks, out: join(folder, 'items'), root: dirname(folder), quiet: true });
  const asked = (await readFile(join(folder, 'items/items.jsonl'), 'utf8')).trim().split('\n');
  const answers = asked.map((line, i) => {
    const { id } = JSON.parse(line) as { id: string };
    return JSON.stringify({ id, text: i % 3 === 0 ? 'stop' : `sign ${i}`, tokens: [1], finish: 'stop' });
  });
  await writeFile(join(folder, 'answers.jsonl'), `${answers.join('\n')}\n`);
  await scoreAnswers({
    benchmarks,
    items: join(folder, 'items/items.jsonl'),
    answers: { model: join(folder, 'answers.jsonl') },
    out: join(folder, 'eval'),
  });
  await mkdir(join(folder, 'report'));
  const receipt = { parameters: { models: [{ name: 'model', trained: false, selection: 'none' }] } };
  await writeFile(join(folder, 'report/receipt.json'), JSON.stringify(receipt));
  return folder;
}

/** One white pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTjWWwAAAABJRU5ErkJggg==',
  'base64',
);

async function measure(browser: Browser, url: string) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const began = performance.now();
  await page.goto(url);
  await page.locator('.list [role=option]').first().waitFor();
  const openMs = performance.now() - began;
  const searchMs = await page.evaluate<number>(`(() => {
    const field = document.querySelector('[data-control=search]');
    const search = (text) => { field.value = text; field.dispatchEvent(new Event('input')); };
    const times = ['s', 'si', 'sig', 'sign', ''].map((text) => {
      const began = performance.now();
      search(text);
      return performance.now() - began;
    });
    return times.sort((a, b) => a - b)[2];
  })()`);
  const scrolling = frames(await page.evaluate<number[]>(scrollScript('.list')));
  await page.goto('about:blank');
  return { openMs, searchMs, scrolling, empty: frames(await page.evaluate<number[]>(scrollScript('body'))) };
}

/** Scrolls an element frame by frame, and tells the milliseconds between them. */
function scrollScript(selector: string): string {
  return `new Promise((done) => {
    const box = document.querySelector('${selector}');
    const times = [];
    const step = (now) => {
      times.push(now);
      box.scrollTop += ${SPEED};
      if (times.length > ${FRAMES}) done(times.slice(1).map((time, i) => time - times[i]));
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`;
}

function frames(times: readonly number[]): Frames {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
}

/** `npm run bench -- report [--items N]` */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({ args: [...args], options: { items: { type: 'string' } } });
  const { items, pageMegabytes, buildSeconds, openMs, searchMs, scrolling, empty } = await run({
    items: Number(values.items ?? 5000),
  });
  const shown = ({ median, p95, longest }: Frames) =>
    `median ${median.toFixed(1)} ms, 95 % below ${p95.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`;
  console.log(
    `${items} items, page of ${pageMegabytes.toFixed(2)} MB, written in ${buildSeconds.toFixed(1)} s`,
  );
  console.log(`opened in ${openMs.toFixed(0)} ms; one search through all: median ${searchMs.toFixed(1)} ms`);
  console.log(`frames while scrolling ${SPEED} px a frame: ${shown(scrolling)}`);
  console.log(`frames of an empty page:                  ${shown(empty)}`);
  const seconds = (ms: number) => [ms / 1000];
  const work = `frame while ${items} samples are scrolled (median of ${FRAMES})`;
  const [ours, baseline] = [seconds(scrolling.median), seconds(empty.median)];
  return [resultOf({ work, ours, baseline, against: 'empty page' })];
}
