import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { artifacts, openRun, type RunContext } from '../run-context.js';
import { infer } from './infer.js';

const inferItems = vi.hoisted(() => vi.fn());
vi.mock(import('@flexattn/flexattn-runtime'), async (original) => ({ ...(await original()), inferItems }));

const TINY = fileURLToPath(new URL('../../../../configs/tiny.json', import.meta.url));
const DIED = { error: { code: 'WORKER_DIED', message: 'three workers died of this item' } };

interface Asked {
  items: AsyncIterable<{ id: string }>;
  onAnswer: (answer: object, ms: number) => Promise<void>;
}

let folder: string;
let context: RunContext;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-infer-'));
  const set = [{ path: ['models'], value: [{ name: 'flex', selection: 'attention', trained: false }] }];
  const signal = AbortSignal.timeout(60_000);
  context = {
    ...(await openRun({ config: TINY, cwd: folder, signal, set, quiet: true })),
    workspace: folder,
  };
  put('compile/flex/manifest.json', { selection: { strategy: 'attention' }, precision: 'float' });
  const lines = ['a', 'b', 'c'].map((id) => {
    const item = { id, benchmark: 'x', image: 'p.png', imageSha256: '0'.repeat(64) };
    return JSON.stringify({ ...item, prompt: `<image>\n${id}?`, maxNewTokens: 1 });
  });
  put('items/items.jsonl', lines.join('\n'));
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function put(path: string, content: object | string): void {
  const file = join(artifacts(context, '.'), path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** The items that are asked, each answered with what `answerOf` says. */
async function produced(answerOf: (id: string) => object): Promise<string[]> {
  const ids: string[] = [];
  inferItems.mockImplementation(async ({ items, onAnswer }: Asked) => {
    for await (const { id } of items) {
      ids.push(id);
      await onAnswer({ id, ...answerOf(id) }, 1);
    }
  });
  const out = mkdtempSync(join(folder, 'out-'));
  await infer.produce(context, out).catch((error: unknown) => ids.push(String(error)));
  return ids;
}

it('fails where workers died of an item, and asks that item alone the next time', async () => {
  const answer = { text: 'yes', tokens: [1] };
  const first = await produced((id) => (id === 'b' ? DIED : answer));
  expect(first).toEqual(['a', 'b', 'c', expect.stringMatching(/1 item was given up.*ITEMS_FAILED/)]);
  expect(await produced(() => answer)).toEqual(['b']);
  expect(await produced(() => answer)).toEqual([]);
});

it.each(['FILE_UNREADABLE', 'FILE_MISSING', 'IMAGE_CHANGED'])(
  'fails where a picture is no longer what it was: %s',
  async (code) => {
    const error = { code, message: 'p.png: permission denied' };
    const first = await produced((id) => (id === 'c' ? { error } : { text: 'yes', tokens: [1] }));
    expect(first.at(-1)).toMatch(/a picture is not what it was: p.png: permission denied.*INPUT_CHANGED/);
    expect(await produced(() => ({ text: 'no', tokens: [2] }))).toEqual(['c']);
  },
);

it('takes an item’s own mistake for its answer', async () => {
  const error = { code: 'IMAGE_UNREADABLE', message: 'no picture' };
  expect(await produced(() => ({ error }))).toEqual(['a', 'b', 'c']);
});
