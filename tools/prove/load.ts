import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { giveQuestions, giveSamples, MISSING_EVERY } from './load-data.js';
import type { Proof, ProofOptions, ProofResult } from './proof.js';
import { memoryOfQuarters, peakMegabytes, ratesOfHalves, watchRun } from './process-watch.js';
import type { Sight } from './process-watch.js';
import { endText } from './small-world.js';
import type { SmallWorld, StageName } from './small-world.js';

/** Samples that are cleaned for each question that is asked. */
const SAMPLES_PER_QUESTION = 100;
/** Memory of the last quarter over that of the second: what the collector of garbage may leave lying. */
const MOST_GROWTH_MEGABYTES = 100;
/** A run of fewer questions is over before the collector has found its pace. */
const FEWEST_FOR_MEMORY = 2000;

/** The promise that a large run loses nothing and needs no more memory than a small one. `count`: questions. */
export const load: Proof = {
  name: 'load',
  promise: 'memory flat, rate constant, none lost under load',
  test: 'questions about 20 pictures through infer and eval in one run; a hundred samples for each of them through clean, every two-hundredth with a picture that is missing',
  count: 10_000,
  prove,
};

async function prove(options: ProofOptions): Promise<ProofResult> {
  const { count, folder, finished, progress, signal } = options;
  const world = await (await finished()).copy(join(folder, 'world'));
  const parts = [
    () => cleaned(world, count * SAMPLES_PER_QUESTION),
    () => asked(world, count),
    () => scored(world, count),
  ];
  const results: ProofResult[] = [];
  for (const part of parts) {
    signal.throwIfAborted();
    results.push(await part());
    progress(results.length, parts.length);
  }
  return {
    figure: results.map(({ figure }) => figure).join('; '),
    failures: results.flatMap(({ failures }) => failures),
  };
}

async function cleaned(world: SmallWorld, count: number): Promise<ProofResult> {
  const before = await watchedClean(world, count / 10);
  const { sights, seconds, failures } = await watchedClean(world, count);
  const growth = peakMegabytes(sights) - peakMegabytes(before.sights);
  return {
    figure:
      `clean: ${count} samples in ${seconds.toFixed(1)} s at ${peakMegabytes(sights).toFixed(0)} MB ` +
      `(a tenth of them: ${before.seconds.toFixed(1)} s, ${peakMegabytes(before.sights).toFixed(0)} MB)`,
    failures: [...before.failures, ...failures, ...grown('clean', growth)],
  };
}

async function watchedClean(
  world: SmallWorld,
  count: number,
): Promise<{ sights: Sight[]; seconds: number; failures: string[] }> {
  await giveSamples(world, count);
  const { sights, seconds } = await watched(world, 'clean', () => Promise.resolve(0));
  const lines = createInterface({
    input: createReadStream(join(world.artifacts('clean'), 'annotations.json')),
  });
  let next = 0;
  const failures: string[] = [];
  for await (const line of lines) {
    if (!line.startsWith('{')) continue;
    if (next % MISSING_EVERY === MISSING_EVERY - 1) next += 1;
    if (!line.startsWith(`{"id":"${next}",`) && failures.length === 0)
      failures.push(`clean: expected sample ${next}, got ${line.slice(0, 40)}`);
    next += 1;
  }
  if (next % MISSING_EVERY === MISSING_EVERY - 1) next += 1;
  if (next !== count) failures.push(`clean: expected ${count} samples kept or rejected, got ${next}`);
  const rejected = await lineCount(join(world.artifacts('clean'), 'rejects.jsonl'));
  const missing = Math.floor(count / MISSING_EVERY);
  if (rejected !== missing) failures.push(`clean: expected ${missing} rejects, got ${rejected}`);
  return { sights, seconds, failures };
}

async function asked(world: SmallWorld, count: number): Promise<ProofResult> {
  await giveQuestions(world, count);
  const answers = join(world.folder, '.flexattn/answers');
  const before = await linesBelow(answers);
  const { sights } = await watched(world, 'infer', async () => (await linesBelow(answers)) - before);
  const [second, last] = memoryOfQuarters(sights, count);
  const [first, then] = ratesOfHalves(sights, count);
  const found = new Set(await idsOf(join(world.artifacts('infer'), 'flexattn.jsonl'), 'id'));
  return {
    figure:
      `infer: ${count} questions, ${first.toFixed(0)} a second in the first half and ${then.toFixed(0)} in the second, ` +
      `${second.toFixed(0)} MB in the second quarter and ${last.toFixed(0)} in the last`,
    failures: [
      ...(found.size === count ? [] : [`infer: expected ${count} answers, got ${found.size}`]),
      ...(count < FEWEST_FOR_MEMORY ? [] : grown('infer', last - second)),
    ],
  };
}

async function scored(world: SmallWorld, count: number): Promise<ProofResult> {
  const { sights, seconds } = await watched(world, 'eval', () => Promise.resolve(0));
  const summary = JSON.parse(await readFile(join(world.artifacts('eval'), 'summary.json'), 'utf8')) as {
    results: { flexattn: { textvqa: { n: number; errors: number } } };
  };
  const { n, errors } = summary.results.flexattn.textvqa;
  return {
    figure: `eval: ${n} scored in ${seconds.toFixed(1)} s at ${peakMegabytes(sights).toFixed(0)} MB; none lost`,
    failures:
      n === count && errors === 0 ? [] : [`eval: expected ${count} scores, got ${n}, ${errors} errors`],
  };
}

async function watched(
  world: SmallWorld,
  stage: StageName,
  countDone: () => Promise<number>,
): Promise<{ sights: Sight[]; seconds: number }> {
  const running = world.start(stage);
  const sights = await watchRun(running, world.folder, countDone);
  const outcome = await running.ended;
  if (outcome.code !== 0) throw new Error(`flexattn ${stage}: ${endText(outcome)}`);
  return { sights, seconds: outcome.seconds };
}

const grown = (stage: string, megabytes: number) =>
  megabytes > MOST_GROWTH_MEGABYTES ? [`${stage}: its memory grew by ${megabytes.toFixed(0)} MB`] : [];

async function linesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const counts = await Promise.all(files.map(lineCount));
  return counts.reduce((sum, one) => sum + one, 0);
}

async function lineCount(file: string): Promise<number> {
  return (await readFile(file)).reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0);
}

async function idsOf(file: string, key: string): Promise<unknown[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as Record<string, unknown>)[key]);
}
