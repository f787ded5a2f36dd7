import { PipelineError } from '../errors.js';
import { resultLine } from '../events.js';
import { abortOnSignals } from '../signals.js';

/** `flexattn verify DIR --sha256 FILE`: the files of a folder against a list that sha256sum wrote. */
export async function verifyChecksumList(dir: string, list: string, json: boolean): Promise<void> {
  const { verifyChecksums } = await import('@flexattn/model-prep');
  const { ok, files } = await verifyChecksums(dir, list, abortOnSignals());
  const text = files.map(({ path, state }) =>
    state === 'ok' ? `ok   ${path}\n` : `FAIL ${path}: ${state}\n`,
  );
  process.stdout.write(json ? resultLine({ ok, files }) : text.join(''));
  if (ok) return;
  const failed = files.filter(({ state }) => state !== 'ok').map(({ path, state }) => `${path} (${state})`);
  throw new PipelineError('VERIFY_FAILED', `files are not as in ${list}: ${failed.join(', ')}`, {
    file: dir,
    exitCode: 1,
  });
}
