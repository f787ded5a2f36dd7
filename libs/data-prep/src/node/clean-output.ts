import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAtomicFile, toIoError, type AtomicFile } from '@flexattn/stage';
import type { Reject } from '../clean-batch.js';
import { MAX_NAME_LENGTH } from '../limits.js';
import type { CleanReport } from '../report.js';

/** Drop codes whose image can be had by fetching it again. */
const TO_FETCH: ReadonlySet<string> = new Set(['IMAGE_MISSING', 'IMAGE_EMPTY', 'IMAGE_UNKNOWN']);

/** Where the results of a run go: all files of the output folder, or nowhere. */
export interface CleanOutput {
  /** Samples' bytes, in order. */
  keep(samples: readonly Uint8Array[]): Promise<void>;
  reject(rejects: readonly Reject[]): Promise<void>;
  /** Gives the files their names, the report last. */
  commit(report: CleanReport): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** An output that takes everything and writes nothing. */
export const NO_OUTPUT: CleanOutput = {
  keep: () => Promise.resolve(),
  reject: () => Promise.resolve(),
  commit: () => Promise.resolve(),
  abort: () => Promise.resolve(),
};

const FIRST = Buffer.from('[\n');
const BETWEEN = Buffer.from(',\n');

/** Starts `annotations.json`, `rejects.jsonl`, `missing-images.txt` and `report.json` in `folder`; none is visible yet. */
export async function openCleanOutput(folder: string): Promise<CleanOutput> {
  const open: AtomicFile[] = [];
  const start = async (name: string) => {
    const file = await createAtomicFile(join(folder, name));
    open.push(file);
    return file;
  };
  const abort = async () => {
    for (const file of open.splice(0)) await file.abort();
  };
  try {
    const annotations = await start('annotations.json');
    const rejects = await start('rejects.jsonl');
    const missing = await start('missing-images.txt');
    const listed = new Set<string>();
    let kept = 0;
    return {
      abort,
      async keep(samples) {
        const parts = samples.flatMap((sample, i) => [kept + i === 0 ? FIRST : BETWEEN, sample]);
        kept += samples.length;
        if (parts.length > 0) await annotations.write(Buffer.concat(parts));
      },
      async reject(drops) {
        if (drops.length > 0) await rejects.write(drops.map(rejectLine).join(''));
        const names = drops.flatMap((drop) => (TO_FETCH.has(drop.code) ? fetchLine(drop.image, listed) : []));
        if (names.length > 0) await missing.write(names.join(''));
      },
      async commit(report) {
        await annotations.write(kept === 0 ? '[]\n' : '\n]\n');
        const last = await start('report.json');
        await last.write(`${JSON.stringify(report, undefined, 2)}\n`);
        await removeOld(join(folder, 'report.json'));
        for (const file of open.slice()) {
          await file.commit();
          open.shift();
        }
      },
    };
  } catch (error) {
    await abort();
    throw error;
  }
}

/** An old report beside new annotations would be taken for theirs, should the run end between the two. */
async function removeOld(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw toIoError(cause, path);
  }
}

function rejectLine({ index, id, code, detail }: Reject): string {
  return `{"index":${index},"id":${id ?? 'null'},"code":${JSON.stringify(code)},"detail":${JSON.stringify(detail)}}\n`;
}

/** Each name once, one a line; a name with a line break in it stands there as a JSON string. */
function fetchLine(name: string | undefined, listed: Set<string>): string[] {
  if (name === undefined || name.length > MAX_NAME_LENGTH || listed.has(name)) return [];
  listed.add(name);
  return [`${/[\r\n]/.test(name) ? JSON.stringify(name) : name}\n`];
}
