import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sha256File } from '@flexattn/stage';

const COMMIT = createHash('sha1').update('commit').digest('hex');

/** Serves the files of a folder as the large files of `owner/name`, on this machine only. */
export async function serveFolder(
  folder: string,
  names: readonly string[],
): Promise<{ url: string; stop: () => void }> {
  const entries = await Promise.all(
    names.map(async (path) => {
      const { size } = await stat(join(folder, path));
      const oid = await sha256File(join(folder, path));
      return { type: 'file', path, size, oid: COMMIT, lfs: { oid, size, pointerSize: 130 } };
    }),
  );
  const server: Server = createServer((request, response) => answer(request, response, folder, entries));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  entries: { path: string; size: number }[],
): void {
  const path = request.url ?? '';
  if (path.includes('/revision/')) {
    response.end(
      JSON.stringify({ _id: '1', id: 'owner/name', sha: COMMIT, lastModified: '2024-01-01T00:00:00Z' }),
    );
  } else if (path.includes('/tree/')) {
    response.end(JSON.stringify(entries));
  } else {
    const name = path.slice(path.lastIndexOf('/') + 1);
    response.setHeader('content-length', entries.find((entry) => entry.path === name)?.size ?? 0);
    createReadStream(join(folder, name), { highWaterMark: 1 << 20 }).pipe(response);
  }
}
