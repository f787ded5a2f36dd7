import type { HubReference } from '../hub-reference.js';
import { broken, ourHeaders, refusal } from './hub-connection.js';
import type { HubConnection } from './hub-connection.js';
import { requestBody } from './http-body.js';
import type { BodyAnswer } from './http-body.js';
import { ModelPrepError } from '../errors.js';
import { quoted } from '../shown.js';

/** As many as a hub, its store and a mirror need, and a few more. */
const MAX_REDIRECTS = 5;

/**
 * Asks the hub for a file, follows it to where its bytes are, and resolves when their head is there. The token goes to the
 * endpoint alone, wherever the hub sends us.
 *
 * @throws PassingFailure, or ModelPrepError HUB_DENIED, HUB_NOT_FOUND or HUB_REFUSED
 */
export async function requestFile(
  what: string,
  reference: HubReference,
  connection: HubConnection,
  { url, headers, blocks }: { url: string; headers: Record<string, string>; blocks: readonly Uint8Array[] },
): Promise<BodyAnswer> {
  const { idleMs, signal } = connection;
  let at = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const all = { 'user-agent': 'flexattn', ...headers, ...ourHeaders(connection, at) };
    const answer = await requestBody({ url: at, headers: all, blocks, idleMs, signal }).catch(
      (cause: unknown) => {
        throw broken(cause);
      },
    );
    const { status, header } = answer;
    const isSuccess = status >= 200 && status < 300;
    const encoding = header('content-encoding') ?? 'identity';
    if (isSuccess && encoding === 'identity') return answer;
    answer.close();
    if (isSuccess)
      throw refused(what, `expected the bytes of the file, got them encoded as ${quoted(encoding)}`);
    const location = /^30[12378]$/.test(String(status)) ? header('location') : null;
    if (location === null)
      throw refusal(what, reference, connection, { status, retryAfter: header('retry-after') });
    at = redirectTarget(what, at, location);
  }
  throw refused(what, `expected at most ${MAX_REDIRECTS} redirects, got more`);
}

/** What was asked for encrypted is not taken from a connection that is not. */
function redirectTarget(what: string, from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:')) return to;
  const got = to === undefined ? 'something else' : to.protocol;
  throw refused(what, `expected a redirect from ${from.protocol} to https:, got ${got}`);
}

const refused = (what: string, text: string): ModelPrepError =>
  new ModelPrepError('HUB_REFUSED', text, { file: what, hint: 'check HF_ENDPOINT', exitCode: 74 });
