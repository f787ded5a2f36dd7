import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../command.js';

const BASE = fileURLToPath(new URL('../../../../tools/tiny/world/base', import.meta.url));
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-commands-'));
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
});

/** Runs a command line and gives what it printed. */
async function flexattn(...args: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  await createProgram('0').parseAsync(['node', 'flexattn', ...args]);
  return printed;
}

describe('checkpoints on the command line', () => {
  it('are initialised once, and the second run says so', async () => {
    const out = join(root, 'once');
    const run = () =>
      flexattn('init', '--checkpoint', BASE, '--out', out, '--extra', 'threshold=40', 'warmup=5');
    expect(await run()).toMatch(/^initialised: .*\n5 layers, 10 tensors added, 368640 bytes\nwrote to /);
    expect(readFileSync(join(out, 'config.json'), 'utf8')).toMatch(/"threshold": "40",\s+"warmup": "5"/);
    expect(await run()).toMatch(/^already: .*nothing to add\n5 layers, 0 tensors added/);
    expect(JSON.parse(await flexattn('inspect', out, '--json'))).toMatchObject({
      highRes: { state: 'initialised', present: 10, expected: 10 },
      issues: { missing: [], misshapen: [], extra: [] },
    });
  });

  it('that lack projections are told so, layer by layer, until they are completed', async () => {
    const [whole, half] = [join(root, 'whole'), join(root, 'half')];
    await flexattn('init', '--checkpoint', BASE, '--out', whole);
    const index = join(whole, 'model.safetensors.index.json');
    const { weight_map } = JSON.parse(readFileSync(index, 'utf8')) as { weight_map: Record<string, string> };
    cpSync(whole, half, { recursive: true });
    // The layer's projection under another name of the same length.
    const shard = join(half, 'model-00003-of-00003.safetensors');
    const bytes = readFileSync(shard);
    const renamed = bytes
      .toString('latin1')
      .replaceAll('layers.3.self_attn.k_proj_hd', 'layers.3.self_attn.k_proj_xx');
    writeFileSync(shard, renamed, 'latin1');
    const listed = Object.entries(weight_map).map(([name, file]) => [
      name.replace('layers.3.self_attn.k_proj_hd', 'layers.3.self_attn.k_proj_xx'),
      file,
    ]);
    writeFileSync(
      join(half, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(listed) as object }),
    );
    const line = 'missing: high-resolution projections of layer 3; "flexattn init" completes them\n';
    expect(await flexattn('inspect', half)).toContain(line);
    expect(await flexattn('inspect', half)).toMatch(
      /layers\.0-4\.self_attn\.k_proj_hd\.weight {2}F32 \[96, 96\] x 4 of 5 {2}[^]*layers\.3\.self_attn\.k_proj_xx/,
    );
    expect(await flexattn('inspect', whole)).toContain('\nnothing missing, extra or mis-shaped\n');
    const mended = join(root, 'mended');
    expect(await flexattn('init', '--checkpoint', half, '--out', mended)).toMatch(/^completed: /);
    expect(await flexattn('inspect', mended)).not.toContain('missing: high-resolution');
  });

  it('are compared, and exit code 1 says that they differ', async () => {
    const [a, b] = [join(root, 'copy'), join(root, 'zero')];
    await flexattn('init', '--checkpoint', BASE, '--out', a);
    await flexattn('init', '--checkpoint', BASE, '--out', b, '--strategy', 'zero');
    expect(await flexattn('diff-weights', a, a)).toMatch(/62 tensors equal, 0 different/);
    await expect(flexattn('diff-weights', a, b)).rejects.toMatchObject({
      exitCode: 1,
      code: 'WEIGHTS_DIFFER',
    });
  });

  it('from the hub are looked into by a dry run as soon as they are here', async () => {
    const [hub, here] = [join(root, 'hub', 'models--owner--name'), process.cwd()];
    const [commit, files] = ['c'.repeat(40), readdirSync(BASE, { recursive: true, withFileTypes: true })];
    for (const file of files.filter((entry) => entry.isFile())) {
      const source = join(file.parentPath, file.name);
      const blob = join(hub, 'blobs', createHash('sha256').update(readFileSync(source)).digest('hex'));
      const link = join(hub, 'snapshots', commit, relative(BASE, source));
      mkdirSync(dirname(link), { recursive: true });
      cpSync(source, blob);
      symlinkSync(blob, link);
    }
    mkdirSync(join(hub, 'refs'));
    writeFileSync(join(hub, 'refs', 'main'), commit);
    vi.stubEnv('HF_HUB_CACHE', join(root, 'hub'));
    process.chdir(root);
    try {
      const run = (...more: string[]) =>
        flexattn('init', '--checkpoint', 'hub:owner/name', '--out', 'hub-out', '--offline', ...more);
      expect(await run('--dry-run')).toMatch(/would fetch 0 files, 0 bytes; 9 from the cache, 0 kept/);
      expect(await run()).toMatch(/^initialised: /);
      rmSync('hub-out', { recursive: true });
      expect(await run('--dry-run')).toMatch(/^initialised: .*\n.*\nwould write to hub-out: /);
      expect(existsSync('hub-out')).toBe(false);
    } finally {
      process.chdir(here);
    }
  });

  it('are verified against a list of sha256sum', async () => {
    const hash = createHash('sha256')
      .update(readFileSync(join(BASE, 'config.json')))
      .digest('hex');
    const list = join(root, 'SUMS');
    writeFileSync(list, `${hash}  config.json\n`);
    expect(await flexattn('verify', BASE, '--sha256', list)).toBe('ok   config.json\n');
    writeFileSync(list, `${hash}  tokenizer.json\n`);
    const failure = flexattn('verify', BASE, '--sha256', list);
    await expect(failure).rejects.toMatchObject({ exitCode: 1, code: 'VERIFY_FAILED' });
  });

  it.each<[string, string[], RegExp]>([
    ['options of a checkpoint without one', ['init', '--out', 'x'], /expected --checkpoint.*BAD_CONFIG/],
    [
      'a seed beside a configuration',
      ['init', '--config', 'tiny', '--seed', '5'],
      /expected --checkpoint.*BAD_CONFIG/,
    ],
    [
      'settings beside a configuration',
      ['init', '--config', 'tiny', '--extra', 'threshold=9'],
      /expected --checkpoint.*BAD_CONFIG/,
    ],
    [
      'to inspect weights without their folder',
      ['inspect', join(BASE, 'model-00001-of-00002.safetensors')],
      /got a file; name the folder that holds config\.json \(NOT_A_CHECKPOINT/,
    ],
    ['neither a new folder nor in place', ['init', '--checkpoint', BASE], /got neither.*OUT_MISSING/],
    ['nothing to verify', ['verify', BASE], /expected --golden.*or a folder and --sha256.*BAD_CONFIG/],
    ['a reference that is none', ['download', 'owner/name', '--out', 'x'], /BAD_HUB_REFERENCE/],
  ])('refuse %s', async (_, args, message) => {
    await expect(flexattn(...args)).rejects.toThrow(message);
  });
});
