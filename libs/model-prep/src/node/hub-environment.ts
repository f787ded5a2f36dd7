import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';

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

/**
 * Reads the variables as huggingface_hub does.
 *
 * @throws ModelPrepError BAD_ENDPOINT
 */
export async function readHubEnvironment(env: NodeJS.ProcessEnv): Promise<HubEnvironment> {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  const token = env['HF_TOKEN']?.trim() || (await savedToken(env['HF_TOKEN_PATH'] ?? join(home, 'token')));
  return {
    endpoint: readEndpoint(env['HF_ENDPOINT']),
    token: token?.trim() || undefined,
    cache: env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub'),
    offline: /^(?:1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? ''),
  };
}

/** Not shown in the refusal: it may hold a password. */
function readEndpoint(text = ''): string | undefined {
  const endpoint = text.trim().replace(/\/+$/, '');
  if (endpoint === '') return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === '';
  if (isPlain) return endpoint;
  const what = 'expected https://host (or http://) without a name, a password or a query, got something else';
  const hint = 'correct HF_ENDPOINT; a token belongs in HF_TOKEN';
  throw new ModelPrepError('BAD_ENDPOINT', what, { item: 'HF_ENDPOINT', hint });
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
