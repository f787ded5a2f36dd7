import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Bytes that stand for a sample, the fewest that one has: they are on the disk, 2 GB for 20 million. */
const SAMPLE_BYTES = 100;

/** Samples that are read back in their new order: some batches of `SHUFFLE_BYTES`, so that their memory counts too. */
const READ_BACK = 300_000;

/** The structures of `--dedupe` and `--shuffle` with as many hashes and samples as `argv` says, made from their numbers. */
const FILL = `
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const [lib, count] = [process.argv[1], Number(process.argv[2])];
const { HashSet } = await import(lib + 'hash-set.js');
const { shuffledOrder } = await import(lib + 'shuffled-order.js');
const { ShuffleFile } = await import(lib + 'node/shuffle-file.js');
const folder = mkdtempSync(join(tmpdir(), 'flexattn-bench-'));
const file = new ShuffleFile(folder);
try {
  const seen = new HashSet();
  const hash = new Uint32Array(4);
  const bytes = new Uint8Array(hash.buffer);
  const sample = new Uint8Array(${SAMPLE_BYTES});
  let repeated = 0;
  for (let i = 0; i < count; i += 1) {
    for (let word = 0; word < 4; word += 1) hash[word] = Math.imul(i ^ (i >>> 15) ^ word, 0x2c1b3c6d + 2 * word);
    if (!seen.add(bytes)) repeated += 1;
    const waiting = file.add(sample);
    if (waiting !== undefined) await waiting;
  }
  const order = shuffledOrder(1, count);
  let read = 0;
  for await (const one of file.inOrder(order)) if ((read += 1) >= ${READ_BACK}) break;
  const status = readFileSync('/proc/self/status', 'utf8');
  console.log(JSON.stringify({ repeated, read, kilobytes: Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) }));
} finally {
  file.close();
  rmSync(folder, { recursive: true });
}
`;

/** Prints the peak memory of removing duplicates from and shuffling so many samples; Linux alone tells it. */
export async function printShuffleMemory(lib: string, samples: readonly number[]): Promise<void> {
  for (const count of samples) {
    const start = performance.now();
    const child = spawn(process.execPath, ['--input-type=module', '--eval', FILL, lib, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    await once(child, 'close');
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const { repeated, kilobytes } = JSON.parse(text) as { repeated: number; kilobytes: number };
    const peak = (kilobytes / 1024).toFixed(0);
    process.stdout.write(
      `${count} hashes and samples: peak ${peak} MB, ${repeated} hashes met again, ${seconds} s\n`,
    );
  }
}
