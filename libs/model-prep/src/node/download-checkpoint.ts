import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createProgress, linkOrCopy, toIoError, withLock } from '@flexattn/stage';
import type { Fingerprints } from '@flexattn/stage';
import pLimit from 'p-limit';
import { chooseFiles } from '../hub-files.js';
import { parseHubReference } from '../hub-reference.js';
import type { HubReference } from '../hub-reference.js';
import { downloadFile } from './download-file.js';
import { freeBytes, PARTS, planDownload, refuseOffline, requireSpace } from './download-plan.js';
import type { PlannedDownload } from './download-plan.js';
import { absentWeights } from './hub-cache.js';
import { IDLE_MS, realWait } from './hub-connection.js';
import type { HubConnection } from './hub-connection.js';
import { readHubEnvironment } from './hub-environment.js';
import { pinCommit, resolveCommit } from './hub-pin.js';
import { entryKind } from './weight-file.js';

/** What to fetch, and where to. */
export interface DownloadOptions {
  /** `hub:owner/name[@revision]`. */
  reference: string;
  /** The folder that gets the files; what it holds already is checked and kept. */
  out: string;
  /** Patterns over paths in place of the choice that a checkpoint needs; `*` stands for any characters. */
  include?: readonly string[] | undefined;
  /** Where the commit is pinned; default `flexattn.lock.json` in the current folder. */
  lockFile?: string | undefined;
  /** Asks no server: takes what the lock and the standard cache hold. Default: HF_HUB_OFFLINE. */
  offline?: boolean | undefined;
  /** Stops between pieces; what was fetched is kept for the next run. */
  signal?: AbortSignal | undefined;
  /** Learns the SHA-256 of large files that were fetched, which were verified by it. Saved by who opened it. */
  fingerprints?: Fingerprints | undefined;
  /** Says on standard error how far it is; default no. */
  progress?: boolean | undefined;
  /** Fetches no file and reports what would be; the hub is asked for their names. */
  dryRun?: boolean | undefined;
  /** What tests put in the place of the waits, the clock, the disk and the environment's variables. */
  edge?: Partial<DownloadEdge> | undefined;
}

/** The outside world as a download sees it. */
export interface DownloadEdge {
  env: NodeJS.ProcessEnv;
  wait: HubConnection['wait'];
  /** Milliseconds without a byte of a file after which its connection counts as broken. */
  idleMs: number;
  /** Bytes of a file after which the disk is told to begin, while more arrive. */
  syncBytes: number;
  now: () => number;
  /** Bytes that may be written below an existing folder. */
  freeBytes: (folder: string) => Promise<number>;
}

/** A file of the result: `kept` as it was there, `linked` from the standard cache, or `fetched`. */
export interface DownloadedFile {
  path: string;
  bytes: number;
  how: 'kept' | 'linked' | 'fetched';
}

/** What a download did, or in a dry run would do. */
export interface DownloadReport {
  repo: string;
  revision: string;
  /** That the revision is pinned to. */
  commit: string;
  /** That came, or would come, over the network. */
  fetchedBytes: number;
  files: DownloadedFile[];
}

/** Files at once. */
const CONCURRENT_FILES = 4;

/**
 * Fetches a checkpoint from the hub: the commit that `flexattn.lock.json` pins (at first use: the one that the revision
 * is now), and only the files that it needs. A file gets its name when its size and hash are those of the commit.
 *
 * HF_TOKEN, HF_ENDPOINT, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE count as in huggingface_hub.
 *
 * @throws ModelPrepError BAD_HUB_REFERENCE, BAD_ENDPOINT, NOTHING_TO_DOWNLOAD, HUB_DENIED, HUB_NOT_FOUND, HUB_REFUSED, OFFLINE;
 *   HUB_UNREACHABLE, HUB_WRONG_BYTES (exit 74). StageError DISK_FULL (exit 74) before the first byte
 */
export async function downloadCheckpoint(options: DownloadOptions): Promise<DownloadReport> {
  const { out, include, dryRun = false, signal, edge = {} } = options;
  const reference = parseHubReference(options.reference);
  const { endpoint, token, cache, ...said } = await readHubEnvironment(edge.env ?? process.env);
  const offline = options.offline ?? said.offline;
  const connection: HubConnection = {
    endpoint: endpoint ?? (await import('@huggingface/hub')).HUB_URL,
    token,
    idleMs: edge.idleMs ?? IDLE_MS,
    wait: edge.wait ?? realWait,
    now: edge.now ?? Date.now,
    signal,
  };
  const lockFile = resolve(options.lockFile ?? 'flexattn.lock.json');
  const sources = { lockFile, cache, connection: offline ? undefined : connection };
  const commit = await resolveCommit(reference, sources);
  const chosen = chooseFiles(commit.files, include);
  if (commit.isFromCache && !include?.length) {
    const absent = await absentWeights(cache, reference, commit, chosen);
    if (absent.length > 0) refuseOffline(reference, absent, cache);
  }
  const planned = await planDownload(out, chosen, { reference, commit, cache, signal });
  const fetched = planned.filter(({ how }) => how === 'fetched');
  const report: DownloadReport = {
    ...reference,
    commit: commit.commit,
    fetchedBytes: fetched.reduce((sum, { file }) => sum + file.size, 0),
    files: planned.map(({ file, how }) => ({ path: file.path, bytes: file.size, how })),
  };
  if (offline && fetched.length > 0)
    refuseOffline(
      reference,
      fetched.map(({ file }) => file.path),
      cache,
    );
  if (dryRun) return report;
  // A lock lists all files of a commit, so that a later run finds those that the cache lacks.
  if (!commit.isFromCache) await pinCommit(reference, commit, lockFile);
  await requireSpace(out, fetched, edge.freeBytes ?? freeBytes);
  await place(planned, { ...options, connection, reference: { ...reference, revision: commit.commit } });
  return report;
}

interface Placing extends Pick<DownloadOptions, 'out' | 'progress' | 'fingerprints' | 'edge'> {
  connection: HubConnection;
  /** Its revision is the commit. */
  reference: HubReference;
}

async function place(planned: readonly PlannedDownload[], placing: Placing): Promise<void> {
  const { out, progress: isShown, connection } = placing;
  const todo = planned.filter(({ how }) => how !== 'kept');
  const parts = join(out, PARTS);
  if (todo.length === 0 && (await entryKind(parts)) === 'none') return;
  const total = todo.reduce((sum, { file, how }) => sum + (how === 'fetched' ? file.size : 0), 0);
  const progress = createProgress({ label: 'download', total, unit: 'bytes', quiet: isShown !== true });
  await withLock(join(parts, 'lock'), async () => {
    await placeAll(todo, placing, (bytes) => progress.advance(bytes));
    connection.signal?.throwIfAborted();
    try {
      await rm(parts, { recursive: true });
    } catch (cause) {
      throw toIoError(cause, parts);
    }
  });
  progress.finish();
}

/** A few at once; the first failure stops the others. */
async function placeAll(
  todo: readonly PlannedDownload[],
  { connection, reference, fingerprints, edge }: Placing,
  advance: (bytes: number) => void,
): Promise<void> {
  const stop = new AbortController();
  const signal = connection.signal ? AbortSignal.any([connection.signal, stop.signal]) : stop.signal;
  const limit = pLimit(CONCURRENT_FILES);
  const one = async ({ file, target, part, source }: PlannedDownload): Promise<void> => {
    if (source !== undefined) return linkOrCopy(source, target);
    await downloadFile({
      ...{ file, target, part, reference, advance, syncBytes: edge?.syncBytes },
      connection: { ...connection, signal },
    });
    if (file.hash.algorithm === 'sha256') fingerprints?.remember(resolve(target), file.hash.digest);
  };
  // Waits for all of them: none writes when this function has ended.
  await Promise.allSettled(
    todo.map((entry) =>
      limit(async () => {
        if (signal.aborted) return;
        await one(entry).catch((cause: unknown) => stop.abort(cause));
      }),
    ),
  );
  connection.signal?.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
}
