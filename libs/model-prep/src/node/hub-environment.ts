import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';

/** What the usual variables of the hub's tools say. */
export interface HubEnvironment {
  /** HF_ENDPOINT, without a slash at the end; undefined for the public hub. */
  endpoint: string | undefined;
  /** HF_TOKEN, or the file that logging in wrote. */
  token: string | undefined;
  /** HF_HUB_CACHE, or the standard place. */
  cache: string;
  /** HF_HUB_OFFLINE. */
  offline: boolean;
}

/** Reads the variables as huggingface_hub does. */
export async function readHubEnvironment(env: NodeJS.ProcessEnv): Promise<HubEnvironment> {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  const token = env['HF_TOKEN'] ?? (await savedToken(env['HF_TOKEN_PATH'] ?? join(home, 'token')));
  return {
    endpoint: env['HF_ENDPOINT']?.replace(/\/+$/, '') || undefined,
    token: token?.trim() || undefined,
    cache: env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub'),
    offline: /^(?:1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? ''),
  };
}

async function savedToken(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const error = toIoError(cause, file);
    if (error.code === 'FILE_MISSING') return undefined;
    throw error;
  }
}
