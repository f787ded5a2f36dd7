import { readFile } from 'node:fs/promises';
import { processesOf } from './real-process.js';
import type { RealProcess } from './real-process.js';

const EVERY_MS = 250;
const KIBIBYTES_PER_MEGABYTE = 1e6 / 1024;

/** A moment of a run. */
export interface Sight {
  seconds: number;
  /** Resident memory of all its processes. Linux only. */
  megabytes: number;
  /** What the run had done by then. */
  done: number;
}

/** Looks at all processes of a folder four times a second until a run of it ends. */
export async function watchRun(
  running: RealProcess,
  folder: string,
  countDone: () => Promise<number>,
): Promise<Sight[]> {
  const began = performance.now();
  const sights: Sight[] = [];
  let hasEnded = false;
  const ended = running.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const megabytes = await residentMegabytes(folder);
    const done = await countDone();
    sights.push({ seconds: (performance.now() - began) / 1000, megabytes, done });
    await Promise.race([ended, new Promise((wake) => setTimeout(wake, EVERY_MS))]);
  }
  return sights;
}

/** Of all that was seen. */
export function peakMegabytes(sights: readonly Sight[]): number {
  return Math.max(0, ...sights.map(({ megabytes }) => megabytes));
}

/** The greatest memory in the second and in the last quarter of the work: the first one fills what is kept. */
export function memoryOfQuarters(sights: readonly Sight[], total: number): [second: number, last: number] {
  const between = (from: number, to: number) =>
    peakMegabytes(sights.filter(({ done }) => done >= from * total && done <= to * total));
  return [between(0.25, 0.5), between(0.75, 1)];
}

/** Things done in a second, in the first and in the second half of the work. */
export function ratesOfHalves(sights: readonly Sight[], total: number): [first: number, second: number] {
  const at = (share: number) => sights.find(({ done }) => done >= share * total) ?? sights.at(-1);
  const [begin, middle, end] = [sights.find(({ done }) => done > 0), at(0.5), at(1)];
  const rate = (from: Sight | undefined, to: Sight | undefined) =>
    ((to?.done ?? 0) - (from?.done ?? 0)) / ((to?.seconds ?? 0) - (from?.seconds ?? 0));
  return [rate(begin, middle), rate(middle, end)];
}

async function residentMegabytes(folder: string): Promise<number> {
  const found = await processesOf(folder);
  const kibibytes = await Promise.all(found.map(({ pid }) => residentKibibytes(pid)));
  return kibibytes.reduce((sum, one) => sum + one, 0) / KIBIBYTES_PER_MEGABYTE;
}

async function residentKibibytes(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  } catch (error) {
    // It has ended meanwhile.
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}
