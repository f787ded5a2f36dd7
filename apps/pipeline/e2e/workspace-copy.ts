import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { ROOT, runCommand } from './command-line.js';

/** Folders of the checkout that hold what the build made: with their times, so that it is not made again. */
const BUILT = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/dist`),
);
const WORLD = 'tools/tiny/world';

/** Data in the copy, ignored by git as real data are. */
export const PICTURES = 'small/images';
export const ANNOTATIONS = 'small/annotations.json';
const TEXTVQA = 'small/textvqa';
/** Items of the small V*. */
export const VSTAR_ITEMS = 4;
export const TEXTVQA_ITEMS = 6;

/** What the tests change of a configuration. */
export interface SmallConfig {
  data: { annotations: string; images: string };
  models: { name: string; trained: boolean; selection: string }[];
  train: Record<string, unknown>;
  eval: { benchmarks: Record<string, { path: string; protocol?: string }>; seed: number };
}

/** V*, to be added to the benchmarks. */
export const VSTAR = { path: 'small/vstar' };

/**
 * A copy of the checkout in a folder of its own, under git, where `configs/small.json` trains two steps on a dozen
 * pictures and asks six questions. Packages and Python's environment are the checkout's, by link.
 */
export async function copyWorkspace(): Promise<string> {
  const root = join(realpathSync(mkdtempSync(join(tmpdir(), 'flexattn-cache-'))), 'workspace');
  const listed = await runCommand('git', ['ls-files', '-co', '--exclude-standard']);
  const files = listed.stdout.trim().split('\n');
  for (const path of files) {
    if (existsSync(join(ROOT, path)) && (!path.startsWith(`${WORLD}/`) || path.startsWith(`${WORLD}/base/`)))
      copy(path, root, path);
  }
  for (const folder of BUILT) copy(folder, root, folder);
  linkPackages(root);
  mkdirSync(join(root, '.flexattn'));
  symlinkSync(realpathSync(join(ROOT, '.flexattn/python')), join(root, '.flexattn/python'));
  makeData(root);
  writeFileSync(join(root, '.gitignore'), `${readFileSync(join(ROOT, '.gitignore'), 'utf8')}small/\n`);
  writeConfig(root, smallConfig());
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
  ])
    await git(root, ...args);
  await commit(root, 'copy');
  return root;
}

/** Runs git in the copy. */
export async function git(root: string, ...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  const ran = await runCommand('git', [...identity, ...args], { cwd: root });
  if (ran.code !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`);
}

/** Commits everything that git does not ignore. */
export async function commit(root: string, message: string): Promise<void> {
  await git(root, 'add', '-A');
  await git(root, 'commit', '-q', '-m', message);
}

export function readConfig(root: string): SmallConfig {
  return JSON.parse(readFileSync(join(root, 'configs/small.json'), 'utf8')) as SmallConfig;
}

export function writeConfig(root: string, config: SmallConfig): void {
  writeFileSync(join(root, 'configs/small.json'), JSON.stringify(config, null, 2));
}

function copy(from: string, root: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  const mode = constants.COPYFILE_FICLONE;
  cpSync(join(ROOT, from), join(root, to), { recursive: true, preserveTimestamps: true, mode });
}

/** Every package by link, but our own, which are the copy's. */
function linkPackages(root: string): void {
  const modules = join(ROOT, 'node_modules');
  mkdirSync(join(root, 'node_modules/@flexattn'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== '@flexattn' && name !== '.cache')
      symlinkSync(join(modules, name), join(root, 'node_modules', name));
  }
  for (const name of readdirSync(join(modules, '@flexattn'))) {
    const room = { pipeline: 'apps/pipeline', tools: 'tools' }[name] ?? `libs/${name}`;
    symlinkSync(join('../..', room), join(root, 'node_modules/@flexattn', name));
  }
}

function smallConfig(): SmallConfig {
  const tiny = JSON.parse(readFileSync(join(ROOT, 'configs/tiny.json'), 'utf8')) as SmallConfig;
  return {
    ...tiny,
    data: { annotations: ANNOTATIONS, images: PICTURES },
    models: tiny.models.filter(({ name }) => name !== 'low-res'),
    train: { ...tiny.train, steps: 2, batchSize: 4, microBatchSize: 4, warmupSteps: 1 },
    eval: { ...tiny.eval, benchmarks: { textvqa: { path: TEXTVQA, protocol: 'plain' } } },
  };
}

/** The first of the miniature's training pictures and benchmark items. */
function makeData(root: string): void {
  const pictures = `${WORLD}/benchmarks/textvqa/train_images`;
  const names = readdirSync(join(ROOT, pictures)).sort().slice(0, 12);
  for (const name of names) copy(`${pictures}/${name}`, root, join(PICTURES, name));
  const samples = names.map((image, id) => ({
    id: String(id),
    image,
    conversations: [
      { from: 'human', value: '<image>\nWhich way do the stripes run?' },
      { from: 'gpt', value: 'horizontal' },
    ],
  }));
  writeFileSync(join(root, ANNOTATIONS), JSON.stringify(samples));
  copyTextVqa(root);
  for (const half of ['direct_attributes', 'relative_position']) copyVStar(root, `vstar_bench/${half}`);
}

function copyVStar(root: string, half: string): void {
  const from = `${WORLD}/benchmarks/vstar/${half}`;
  const all = readdirSync(join(ROOT, from)).sort();
  const items = all.filter((name) => name.endsWith('.json')).slice(0, VSTAR_ITEMS / 2);
  for (const name of all) {
    if (items.includes(`${parse(name).name}.json`))
      copy(`${from}/${name}`, root, `${VSTAR.path}/${half}/${name}`);
  }
}

function copyTextVqa(root: string): void {
  const from = `${WORLD}/benchmarks/textvqa`;
  const file = 'TextVQA_0.5.1_val.json';
  const all = JSON.parse(readFileSync(join(ROOT, from, file), 'utf8')) as { data: { image_id: string }[] };
  const data = all.data.slice(0, TEXTVQA_ITEMS);
  for (const { image_id } of data)
    copy(`${from}/train_images/${image_id}.jpg`, root, `${TEXTVQA}/train_images/${image_id}.jpg`);
  writeFileSync(join(root, TEXTVQA, file), JSON.stringify({ ...all, data }));
}
