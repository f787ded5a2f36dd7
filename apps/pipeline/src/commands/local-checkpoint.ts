import { join } from 'node:path';
import type { DownloadReport } from '@flexattn/model-prep';
import { rememberingModels } from '../model-fingerprints.js';

interface FetchFlags {
  offline: boolean;
  quiet: boolean;
  dryRun: boolean;
  signal: AbortSignal;
}

/** A checkpoint on this machine. */
export interface LocalCheckpoint {
  folder: string;
  /** What was fetched, or in a dry run would be. */
  download?: DownloadReport;
}

/** The folder of a checkpoint; `hub:owner/name[@revision]` is fetched into `.flexattn/hub` of the current folder. */
export async function localCheckpoint(
  place: string,
  { offline, quiet, dryRun, signal }: FetchFlags,
): Promise<LocalCheckpoint> {
  const { downloadCheckpoint, isHubReference, parseHubReference } = await import('@flexattn/model-prep');
  if (!isHubReference(place)) return { folder: place };
  const { repo, revision } = parseHubReference(place);
  const folder = join('.flexattn', 'hub', `${repo}@${revision}`.replaceAll('/', '--'));
  const download = await rememberingModels((fingerprints) =>
    downloadCheckpoint({
      reference: place,
      out: folder,
      // Left to the environment where the flag is not given.
      offline: offline ? true : undefined,
      progress: !quiet,
      dryRun,
      fingerprints,
      signal,
    }),
  );
  return { folder, download };
}
