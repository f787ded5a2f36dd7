/**
 * Runs `flexattn` again and again in one process, each time as if it had been started for it: a message
 * `{args, cwd, env, fault}` is answered by `{code, stderr, calls}` once nothing of the run is at work any more. Starting
 * Node and loading the modules is most of a short stage's time.
 */
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { armFault, install, seenCalls } from './fail-file-call.mjs';

const MAIN = new URL('../../apps/pipeline/dist/main.js', import.meta.url);

const EVENTS = ['exit', 'SIGINT', 'SIGTERM'];

await install();
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);
let runs = 0;
let stderr = '';
process.stdout.write = () => true;
process.stderr.write = (chunk) => {
  stderr += chunk;
  return true;
};
process.on('message', (request) => {
  void run(request).then((answer) => process.send(answer));
});
process.once('disconnect', () => process.exit());
process.send('ready');

async function run({ args, cwd, env, fault }) {
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv = [process.argv[0], MAIN.pathname, ...args];
  process.exitCode = undefined;
  stderr = '';
  const before = new Map(EVENTS.map((event) => [event, process.listeners(event)]));
  const resources = process.getActiveResourcesInfo().length;
  armFault(fault);
  await import(`${MAIN.href}?run=${(runs += 1)}`);
  // A process of its own would end only when this is done.
  while (process.getActiveResourcesInfo().length > resources) await wait(1);
  const code = process.exitCode ?? 0;
  const added = (event) => process.listeners(event).filter((one) => !before.get(event)?.includes(one));
  for (const listener of added('exit')) listener(code);
  for (const event of EVENTS) for (const listener of added(event)) process.removeListener(event, listener);
  process.exitCode = undefined;
  return { code, stderr, calls: seenCalls() };
}
