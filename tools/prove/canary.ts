import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { FLEXATTN, ROOT } from './checkout.js';
import { faultAt } from './fault.js';
import { ALL_STEPS, forgetAllOf, forgetSteps, stepsOf } from './prepared-world.js';
import type { Proof } from './proof.js';
import { startProcess } from './real-process.js';
import type { Outcome } from './real-process.js';
import { endText, STAGES } from './small-world.js';
import type { SmallWorld } from './small-world.js';

/** Secrets by the variable that holds them; `+`, `/` and `"` show who writes them encoded. */
const SECRETS: Readonly<Record<string, string>> = {
  HF_TOKEN: 'hf_canary+hub/"1"/aGVsbG8',
  FLEXATTN_JUDGE_KEY: 'sk-canary+judge/"2"/d29ybGQ',
  AWS_SECRET_ACCESS_KEY: 'canary+cloud/"3"/Zm9vYmFy',
  SOME_PASSWORD: 'canary+other/"4"/YmFyYmF6',
};

interface Trial {
  name: string;
  run: () => Promise<Outcome>;
  /** It must end well, or badly: else the trial shows nothing. */
  ends: 'well' | 'badly';
}

export const canary: Proof = {
  name: 'canary',
  promise: 'secrets of the environment are in no output',
  test: 'the chain with secrets in the environment, training included; a judge and a hub that send back what they are sent; every stage stopped by an error; then every byte written or printed is searched',
  count: 1,
  prove: async ({ folder, finished, progress }) => {
    const world = await (await finished()).copy(join(folder, 'world'));
    await forgetAllOf(world, ALL_STEPS);
    const server = await startEcho();
    try {
      const trials = trialsOf(world, server.url);
      const failures: string[] = [];
      let bytes = 0;
      const files = new Set<string>();
      for (const [i, trial] of trials.entries()) {
        const outcome = await trial.run();
        if ((outcome.code === 0) !== (trial.ends === 'well'))
          failures.push(`${trial.name}: ${endText(outcome)}`);
        const printed = Buffer.from(outcome.stdout + outcome.stderr);
        bytes += printed.length;
        failures.push(...leaks(printed).map((secret) => `${trial.name}: ${secret} is printed`));
        // Before the next one takes it away.
        for (const file of await filesBelow(folder)) {
          const content = await readFile(file);
          bytes += content.length;
          files.add(file);
          failures.push(...leaks(content).map((secret) => `${trial.name}: ${file} holds ${secret}`));
        }
        progress(i + 1, trials.length);
      }
      if (!server.wasTold()) failures.push('no secret was sent to anybody: the trials show nothing');
      const megabytes = (bytes / 1e6).toFixed(1);
      return {
        figure: `${Object.keys(SECRETS).length} secrets, ${trials.length} runs, ${files.size} files, ${megabytes} MB searched as they are, in base64, URL-encoded, in JSON and in hexadecimal: ${failures.length} found`,
        failures,
      };
    } finally {
      await server.stop();
    }
  },
};

function trialsOf(world: SmallWorld, url: string): Trial[] {
  const env = { ...SECRETS, HF_ENDPOINT: url, HF_HOME: join(world.folder, 'hub') };
  const judged = (path: string) => [
    '--set',
    `eval.benchmarks.magnifier=${JSON.stringify({ path: join(ROOT, 'tools/tiny/world/benchmarks/magnifier'), protocol: 'freeform' })}`,
    '--set',
    `eval.judge=${JSON.stringify({ baseUrl: `${url}${path}`, model: 'echo', timeLimitSeconds: 5 })}`,
  ];
  const all = (args: readonly string[]) => () => world.run('all', { env, args });
  const broken = [...STAGES].reverse().map((stage): Trial => {
    const fault = faultAt(world, { at: 60, code: 'EIO', report: join(world.folder, 'calls.json') });
    const run = async () => {
      await forgetSteps(world, stepsOf(stage));
      return world.run(stage, { ...fault, env: { ...env, ...fault.env } });
    };
    return { name: `${stage} on a broken disk`, run, ends: 'badly' };
  });
  const download = [FLEXATTN, 'download', 'hub:owner/name', '--out', 'downloaded'];
  const fromHub = () => startProcess(process.execPath, download, { cwd: world.folder, env }).ended;
  return [
    { name: 'the chain', run: all([]), ends: 'well' },
    { name: 'a judge that repeats the key', run: all(judged('/judge')), ends: 'well' },
    { name: 'a judge that gives no verdict but the key', run: all(judged('/babble')), ends: 'badly' },
    { name: 'a judge that refuses', run: all(judged('/refuse')), ends: 'badly' },
    { name: 'a hub that refuses', run: fromHub, ends: 'badly' },
    ...broken,
  ];
}

/** A server that answers with what it was sent: a verdict that holds the key, or a refusal that shows it. */
async function startEcho() {
  let told = false;
  const react = (request: IncomingMessage, response: ServerResponse) => {
    const sent = request.headers.authorization ?? '';
    told ||= Object.values(SECRETS).some((secret) => sent.includes(secret));
    const isRefusal = !/^\/(judge|babble)/.test(request.url ?? '');
    response.writeHead(isRefusal ? 401 : 200, {
      'content-type': 'application/json',
      'x-error-message': sent,
    });
    const content = request.url?.startsWith('/judge') ? 'yes' : `maybe ${sent}`;
    const verdict = { id: sent, choices: [{ message: { role: 'assistant', content } }] };
    response.end(JSON.stringify(isRefusal ? { error: { message: sent } } : verdict));
  };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      react(request, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    wasTold: () => told,
    stop: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** The names of the secrets that stand in these bytes, in any of the forms that a program may give them. */
function leaks(bytes: Buffer): string[] {
  return Object.entries(SECRETS).flatMap(([name, secret]) => {
    const raw = Buffer.from(secret);
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      raw.toString('base64').replace(/=+$/, ''),
      raw.toString('base64url'),
      raw.toString('hex'),
    ];
    return forms.some((form) => bytes.includes(form)) ? [name] : [];
  });
}
