import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runProgram } from '@flexattn/stage';
import { benchConvert } from './convert.js';
import { serveFolder } from './hub.js';
import { limitedResult, resultOf, type BenchResult } from './result.js';
import { writeSevenBillion } from './seven-billion.js';

/** What is measured, where and how often. */
interface ModelPrepBenchOptions {
  /** Holds up to 7 GB while it runs. */
  folder: string;
  /** Runs of each side. */
  rounds: number;
  /** The one part to measure; default all. */
  only?: string | undefined;
}

/** A folder of files in memory, on Linux; holds up to 4 GB while it runs. */
const MEMORY = '/dev/shm';

/** What is promised: shares of the other side's speed, bytes, seconds. */
const BOUNDS = { init: 1 / 1.3, memory: 200e6, again: 1, open: 0.05, download: 0.7 };

interface Measured {
  name: string;
  /** Of each run. */
  seconds: number[];
  /** Bytes, of each run; empty where it is not ours to watch. */
  peakRss: number[];
  /** What the process said at the end, apart from time and memory. */
  said: Record<string, number>;
}

/** Runs in processes of their own, which report `time` (seconds of the work alone) and their peak of memory. */
const MEASURE = `
const measure = async (work) => {
  const start = performance.now();
  const said = (await work()) ?? {};
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ ...said, seconds, peakRss: process.resourceUsage().maxRSS * 1024 }));
};
`;
const INIT = `
import { initialiseHighResProjections } from '@flexattn/model-prep';
const [checkpoint, out] = process.argv.slice(1);
await measure(async () => {
  const { bytes, added } = await initialiseHighResProjections({ checkpoint, out });
  return { bytes, added };
});
`;
const WRITE = `
import { open } from 'node:fs/promises';
const [out, bytes] = process.argv.slice(1);
await measure(async () => {
  const file = await open(out, 'w');
  const piece = new Uint8Array(8 << 20);
  for (let at = 0; at < Number(bytes); at += piece.length) await file.write(piece, 0, Math.min(piece.length, bytes - at));
  await file.sync();
  await file.close();
});
`;
const OPEN = `
import { readFileSync } from 'node:fs';
import { openCheckpoint } from '@flexattn/model-prep';
const read = () => Number(/rchar: (\\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
const before = read();
await measure(async () => {
  const { tensors } = await openCheckpoint(process.argv[1]);
  return { tensors: tensors.size, read: read() - before };
});
`;
const DOWNLOAD = `
import { downloadCheckpoint } from '@flexattn/model-prep';
const [out, lockFile] = process.argv.slice(1);
await measure(async () => void (await downloadCheckpoint({ reference: 'hub:owner/name', out, lockFile })));
`;

/** Measures initialisation, opening and downloading, each beside what it is compared with, and prints them. */
async function run({ folder, rounds, only }: ModelPrepBenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  if (only !== 'download') results.push(...(await inFolder(folder, (root) => measureInit(root, rounds))));
  if (only === 'init') return results;
  results.push(...(await inFolder(MEMORY, (root) => measureDownload(root, rounds, 'in memory'))));
  results.push(...(await inFolder(folder, (root) => measureDownload(root, rounds, 'disk'))));
  return results;
}

async function inFolder<T>(folder: string, work: (root: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const root = resolve(await mkdtemp(join(folder, 'model-prep-')));
  try {
    return await work(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

async function measureInit(root: string, rounds: number): Promise<BenchResult[]> {
  const [checkpoint, out, plain] = [join(root, 'base'), join(root, 'out'), join(root, 'plain')];
  await writeSevenBillion(checkpoint);
  const init = start('initialise 7B, F16');
  const write = start('plain write + fsync');
  const again = start('second run');
  const opened = start('open and list 16 GB');
  for (let round = 0; round < rounds; round++) {
    await rm(out, { recursive: true, force: true });
    await measured(init, INIT, [checkpoint, out]);
    await measured(write, WRITE, [plain, String(init.said['bytes'])]);
    await rm(plain);
    await measured(again, INIT, [checkpoint, out]);
    await measured(opened, OPEN, [out]);
  }
  print(init, `${gigabytes(init.said['bytes'])} written`, write);
  print(write);
  print(again, `${again.said['added'] ?? NaN} tensors added`);
  print(
    opened,
    `${opened.said['tensors'] ?? NaN} tensors, ${((opened.said['read'] ?? NaN) / 1e6).toFixed(2)} MB read`,
  );
  return [
    beside(init, write, BOUNDS.init),
    limitedResult({
      work: `${init.name}: peak memory`,
      unit: 'bytes',
      ours: init.peakRss,
      limit: BOUNDS.memory,
    }),
    limitedResult({ work: again.name, ours: again.seconds, limit: BOUNDS.again }),
    limitedResult({ work: opened.name, ours: opened.seconds, limit: BOUNDS.open }),
  ];
}

/** One side of a comparison beside the other, as a line of the table. */
function beside(ours: Measured, other: Measured, bound?: number): BenchResult {
  const { name: work, seconds } = ours;
  const measured = { work, ours: seconds, baseline: other.seconds, against: other.name };
  return resultOf(bound === undefined ? measured : { ...measured, bound });
}

const FILES = [
  'model-00001-of-00002.safetensors',
  'model-00002-of-00002.safetensors',
  'model.safetensors.index.json',
];
/** Of each of the two weight files. */
const FILE_BYTES = 750e6;

/** Files in memory: what the network and the hash cost; on the disk, where ours are also made to last (fsync). */
async function measureDownload(root: string, rounds: number, where: string): Promise<BenchResult[]> {
  const source = join(root, 'hub');
  await mkdir(source);
  for (const [i, name] of FILES.entries()) {
    const bytes = i < 2 ? FILE_BYTES : 1000;
    const script = `head -c ${bytes} /dev/urandom > "$0"`;
    await runProgram('sh', ['-c', script, join(source, name)]);
  }
  const hub = await serveFolder(source, FILES);
  try {
    const download = start(`download 1.5 GB (${where})`);
    const curl = start(`curl (${where})`);
    const synced = start(`curl, sync (${where})`);
    const hashed = start(`curl, hash (${where})`);
    const urls = FILES.map((name) => `${hub.url}/owner/name/resolve/main/${name}`);
    for (let round = 0; round < rounds; round++) {
      const out = join(root, 'fetched');
      const env = { HF_ENDPOINT: hub.url, HF_HOME: join(root, 'home') };
      await measured(download, DOWNLOAD, [out, join(root, `lock-${round}.json`)], env);
      await rm(out, { recursive: true });
      await mkdir(out);
      await fetchByCurl(urls, out, { curl, synced, hashed });
      await rm(out, { recursive: true });
    }
    const others = [curl, synced, hashed];
    const ofSpeed = ({ seconds, name }: Measured): string =>
      `${((100 * median(seconds)) / median(download.seconds)).toFixed(0)} % of the speed of ${name}`;
    print(download, `hash included, ${others.map(ofSpeed).join(', ')}`);
    for (const other of others) print(other);
    return [beside(download, curl, BOUNDS.download), beside(download, synced), beside(download, hashed)];
  } finally {
    hub.stop();
    await rm(source, { recursive: true });
  }
}

/** The same files one after the other; then, each added to curl's time, made to last, and hashed. */
async function fetchByCurl(
  urls: readonly string[],
  out: string,
  { curl, synced, hashed }: Record<'curl' | 'synced' | 'hashed', Measured>,
): Promise<void> {
  const files = FILES.map((name) => join(out, name));
  const timed = async (program: string, args: readonly string[]): Promise<number> => {
    const before = performance.now();
    await runProgram(program, args);
    return (performance.now() - before) / 1000;
  };
  const fetching = await timed('curl', ['-sf', ...urls.flatMap((url, i) => ['-o', files[i] ?? '', url])]);
  curl.seconds.push(fetching);
  synced.seconds.push(fetching + (await timed('sync', files)));
  hashed.seconds.push(fetching + (await timed('openssl', ['dgst', '-sha256', ...files])));
}

const start = (name: string): Measured => ({ name, seconds: [], peakRss: [], said: {} });

async function measured(
  into: Measured,
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const all = ['--input-type=module', '--eval', MEASURE + script, ...args];
  const { stdoutTail } = await runProgram(process.execPath, all, { env });
  const { seconds, peakRss, ...said } = JSON.parse(stdoutTail.at(-1) ?? '') as Record<string, number>;
  into.seconds.push(seconds ?? NaN);
  into.peakRss.push(peakRss ?? NaN);
  into.said = said;
}

function print({ name, seconds, peakRss }: Measured, detail = '', other?: Measured): void {
  const spread = `${Math.min(...seconds).toFixed(3)} to ${Math.max(...seconds).toFixed(3)}, ${seconds.length} runs`;
  const parts = [`${median(seconds).toFixed(3)} s (${spread})`];
  if (peakRss.length > 0) parts.push(`peak memory ${(Math.max(...peakRss) / 1e6).toFixed(0)} MB`);
  if (detail !== '') parts.push(detail);
  if (other)
    parts.push(`${(median(seconds) / median(other.seconds)).toFixed(2)} x the time of ${other.name}`);
  process.stdout.write(`${name.padEnd(29)}${parts.join('; ')}\n`);
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};
const gigabytes = (bytes = NaN): string => `${(bytes / 1e9).toFixed(2)} GB`;

/** `npm run bench -- model-prep [--folder DIR] [--rounds N] [--only init|download|convert]`; Linux. */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string', default: join('runs', 'bench') },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  });
  const { folder, rounds, only } = values;
  const results = only === 'convert' ? [] : await run({ folder, rounds: Number(rounds), only });
  return only === undefined || only === 'convert' ? [...results, ...(await benchConvert())] : results;
}
