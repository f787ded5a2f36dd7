import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser } from 'playwright-core';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchFile } from '../torch-file.fixture.js';

const LIBS = fileURLToPath(new URL('../../..', import.meta.url));
const ENTRY = 'model-prep/src/formats.js';
/** What a page's import map says of the packages. */
const PACKAGES: Record<string, string> = { '@flexattn/stage/errors': 'stage/src/errors.js' };
const ORIGIN = 'http://formats.test/';

/** What a browser loads for `entry`: JavaScript by path below libs; and imports that it could not resolve. */
function loadedBy(entry: string): { modules: Map<string, string>; unknown: string[] } {
  const modules = new Map<string, string>();
  const unknown: string[] = [];
  const visit = (path: string): void => {
    if (modules.has(path)) return;
    const source = readFileSync(`${LIBS}${path.replace(/\.js$/, '.ts')}`, 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
      },
    });
    modules.set(path, outputText);
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
      const next = fileName.startsWith('.')
        ? new URL(fileName, ORIGIN + path).href.slice(ORIGIN.length)
        : PACKAGES[fileName];
      if (next === undefined) unknown.push(`${path}: ${fileName}`);
      else visit(next);
    }
  };
  visit(entry);
  return { modules, unknown };
}

describe('the formats without files', () => {
  const { modules, unknown } = loadedBy(ENTRY);
  let browser: Browser;
  beforeAll(async () => {
    browser = await playwright.launch({
      executablePath: process.env['FLEXATTN_CHROMIUM'] ?? (await chromium.executablePath()),
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  }, 120_000);
  afterAll(() => browser.close());

  it('import nothing of Node, and no package but the errors', () => {
    expect(unknown).toEqual([]);
    expect([...modules.keys()].filter((path) => !path.startsWith('model-prep/src/'))).toEqual([
      'stage/src/errors.js',
    ]);
    expect([...modules.keys()].filter((path) => path.includes('/node/'))).toEqual([]);
    // The walk does see what Node's parts import.
    expect(loadedBy('model-prep/src/node/weight-file.js').unknown.join()).toContain('node:fs/promises');
  });

  it('read and write both formats, and refuse, in Chromium', { timeout: 60_000 }, async () => {
    const page = await browser.newPage();
    await page.route('**/*', (route) => {
      const path = route.request().url().slice(ORIGIN.length);
      const text = modules.get(path);
      if (text !== undefined) return route.fulfill({ contentType: 'text/javascript', body: text });
      return path === '' ? route.fulfill({ contentType: 'text/html', body: '' }) : route.abort();
    });
    await page.goto(ORIGIN);
    const imports = Object.fromEntries(Object.entries(PACKAGES).map(([name, path]) => [name, `/${path}`]));
    const torch = Buffer.from(torchFile()).toString('base64');
    const result = await page.evaluate(`(async () => {
      const map = document.createElement('script');
      map.type = 'importmap';
      map.textContent = ${JSON.stringify(JSON.stringify({ imports }))};
      document.head.append(map);
      const formats = await import('/${ENTRY}');
      const { ModelPrepError, parseSafetensors, readTorchZip, toFloat32, typedView, writeSafetensors } = formats;
      const data = new Uint8Array(new Uint16Array([0x3c00, 0xc000]).buffer);
      const file = writeSafetensors(new Map([['a', { dtype: 'F16', shape: [2], data }]]));
      const { dataStart, tensors } = await parseSafetensors(file.buffer, 'a.safetensors');
      const { dataOffsets: [begin, end], ...a } = tensors.get('a');
      const read = { ...a, data: file.subarray(dataStart + begin, dataStart + end) };
      const torch = Uint8Array.from(atob('${torch}'), (c) => c.charCodeAt(0));
      const state = await readTorchZip(torch, 'a.bin');
      const failure = await parseSafetensors(file.subarray(0, 9), 'cut.safetensors').catch((error) => error);
      return {
        isWindow: globalThis === window && typeof process === 'undefined',
        values: [...toFloat32(read)],
        bits: [...typedView(read)],
        torch: [...state.tensors.keys()],
        failure: [failure instanceof ModelPrepError, failure.code, failure.file],
      };
    })()`);
    expect(result).toEqual({
      isWindow: true,
      values: [1, -2],
      bits: [0x3c00, 0xc000],
      torch: ['a'],
      failure: [true, 'FILE_TRUNCATED', 'cut.safetensors'],
    });
  });
});
