import type { ListFileEntry } from '@huggingface/hub';
import { resolveInside } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { HubCommit, HubFile } from '../hub-files.js';
import type { HubReference } from '../hub-reference.js';
import { PassingFailure, broken, request, withRepetitions } from './hub-connection.js';
import type { HubConnection } from './hub-connection.js';

/**
 * Asks the hub which commit a revision is, and for the files of that commit.
 *
 * @throws ModelPrepError HUB_DENIED, HUB_NOT_FOUND, HUB_UNREACHABLE or HUB_REFUSED
 */
export async function listCommit(reference: HubReference, connection: HubConnection): Promise<HubCommit> {
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const { repo, revision } = reference;
  const what = `hub:${repo}`;
  const ask = {
    hubUrl: connection.endpoint,
    fetch: async (input: string | URL | Request): Promise<Response> => {
      const url = input instanceof Request ? input.url : String(input);
      return withRepetitions(what, connection, () => wholeAnswer(what, reference, connection, url));
    },
  };
  const { sha: commit } = await modelInfo({ ...ask, name: repo, revision, additionalFields: ['sha'] });
  if (!/^[0-9a-f]{40}$/.test(commit)) throw badAnswer(what, 'expected a commit of 40 hexadecimal digits');
  const files: HubFile[] = [];
  for await (const entry of listFiles({
    ...ask,
    repo: { type: 'model', name: repo },
    revision: commit,
    recursive: true,
  })) {
    if (entry.type === 'file') files.push(fileOf(entry, what));
  }
  return { commit, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** The answer with its whole body read, so that a connection that breaks on the way is tried again. */
async function wholeAnswer(
  what: string,
  reference: HubReference,
  connection: HubConnection,
  url: string,
): Promise<Response> {
  const { headers, status, body } = await request(what, reference, connection, url);
  const text = await new Response(body).text().catch((cause: unknown) => {
    throw broken(cause);
  });
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new PassingFailure('the hub answers no JSON', undefined, cause);
  }
  return new Response(text, { status, headers });
}

function fileOf({ path, size, oid, lfs }: ListFileEntry, what: string): HubFile {
  // Refuses a name that would leave the folder.
  resolveInside('.', path);
  const hash: HubFile['hash'] = lfs
    ? { algorithm: 'sha256', digest: lfs.oid.replace(/^sha256:/, '') }
    : { algorithm: 'git-sha1', digest: oid ?? '' };
  const isHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hash.digest);
  if (!isHash || !Number.isSafeInteger(size) || size < 0)
    throw badAnswer(what, `expected size and hash of ${path}`);
  return { path, size: lfs?.size ?? size, hash };
}

const badAnswer = (what: string, text: string): ModelPrepError =>
  new ModelPrepError('HUB_REFUSED', `${text}, got something else`, {
    file: what,
    hint: 'check HF_ENDPOINT',
    exitCode: 74,
  });
