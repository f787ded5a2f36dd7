#!/usr/bin/env node
/**
 * Makes `package-lock.json` again for all platforms: beside a `node_modules`, npm locks the optional packages of the
 * platform at hand alone, and `npm ci` then refuses the lock.
 *
 *     node tools/relock.mjs
 */
import { $, fs, globby, path, tempdir } from 'zx';

const root = path.resolve(import.meta.dirname, '..');
const scratch = tempdir();
const { workspaces } = await fs.readJson(path.join(root, 'package.json'));
const manifests = await globby(
  workspaces.map((pattern) => `${pattern}/package.json`),
  { cwd: root },
);
for (const file of ['package.json', '.npmrc', ...manifests]) {
  await fs.copy(path.join(root, file), path.join(scratch, file));
}
await $({ cwd: scratch, stdio: 'inherit' })`npm install --package-lock-only --ignore-scripts`;
await fs.copy(path.join(scratch, 'package-lock.json'), path.join(root, 'package-lock.json'));
await fs.remove(scratch);
