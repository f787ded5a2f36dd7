#!/usr/bin/env node
/**
 * Prints what Nx cannot see of a stage's inputs: Node's major version, the parts of every configuration that decide
 * it, the hashes of the data that they name (git-ignored or not), the packages of an interpreter to train with, and
 * whether the artifacts that earlier runs left are still intact.
 *
 *     node tools/nx/fingerprint.mjs STAGE
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configLayers, Fingerprints, isIntact, mergeLayers } from '@flexattn/stage';
import { STAGES } from './stages.mjs';

const workspace = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const stage = process.argv[2];
const { config: sections, reads, after } = STAGES[stage];
const fingerprints = await Fingerprints.open(join(workspace, '.flexattn', `fingerprints-nx-${stage}.tsv`));

// A command that fails prints nothing of the data, and Nx would hash its silence: anything unforeseen is no hit.
try {
  console.log(`node ${process.versions.node.split('.')[0]}`);
  for (const file of configFiles()) console.log(relative(workspace, file), ...(await fingerprintOf(file)));
  await fingerprints.save();
} catch (error) {
  console.log(randomUUID());
  console.error(String(error));
}

async function fingerprintOf(file) {
  const config = await mergedConfig(file);
  // The stage itself says what is wrong with the file; other configurations have nothing to do with it.
  if (typeof config === 'string') return ['not a configuration', config];
  const parts = sections.map((section) => JSON.stringify(config[section] ?? null));
  const hashes = await Promise.all(reads.flatMap((path) => valuesAt(config, path)).map(hashOf));
  const run = basename(file, '.json');
  const receipts = await Promise.all(
    after.map((earlier) => hashOf(join('runs', run, earlier, 'receipt.json'))),
  );
  const isNamed = file === namedConfig();
  const packages = stage === 'train' ? packagesOf(config.train?.python ?? process.env.FLEXATTN_PYTHON) : [];
  return [...parts, ...hashes, ...(isNamed ? receipts : []), ...packages, await artifactState(run)];
}

/**
 * The versions that a named interpreter has. The workspace's own environment is made from locked requirements, which
 * are an input as a file.
 */
function packagesOf(python) {
  if (typeof python !== 'string' || python === '') return [];
  const program = /[\\/]/.test(python) ? resolve(workspace, python) : python;
  const script = join(workspace, 'libs/train/python/flexattn_train/versions.py');
  const { stdout, error } = spawnSync(program, ['-B', script], { encoding: 'utf8' });
  return [error === undefined ? stdout.trim() : error.code];
}

/** What a configuration and those that it extends say together; the text of the first that cannot be read. */
async function mergedConfig(file) {
  let last = file;
  try {
    return mergeLayers(
      await configLayers(file, {
        read: async (path) => (last = await readFile(path, 'utf8')),
        parse: (text) => JSON.parse(text),
        refuse: (what) => new SyntaxError(what),
      }),
    );
  } catch (error) {
    if (error instanceof SyntaxError || error?.code === 'ENOENT') return last;
    throw error;
  }
}

function configFiles() {
  const folder = join(workspace, 'configs');
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.json') && !file.endsWith('.schema.json'),
  );
  const paths = files.sort().map((file) => join(folder, file));
  return [...new Set([...paths, namedConfig()])].filter((path) => path !== undefined && existsSync(path));
}

/**
 * The configuration that `FLEXATTN_CONFIG` names, whose receipts Nx does not know as outputs: it is told of the
 * earlier stages' receipts here.
 */
function namedConfig() {
  const named = process.env.FLEXATTN_CONFIG;
  if (named === undefined) return undefined;
  return named.endsWith('.json') ? resolve(workspace, named) : join(workspace, 'configs', `${named}.json`);
}

/** The strings at a path of keys, where `*` is every key; of a list, those of its members. */
function valuesAt(value, path) {
  if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, path));
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return key === '*' ? Object.values(value).flatMap((v) => valuesAt(v, rest)) : valuesAt(value[key], rest);
}

async function hashOf(path) {
  const absolute = resolve(workspace, path);
  return existsSync(absolute) ? fingerprints.of(absolute) : 'missing';
}

/**
 * The same word where a stage has never run here and where its artifacts are intact; a fresh one where they are
 * damaged or gone, so that Nx does not take its receipt for a hit.
 */
async function artifactState(run) {
  const folder = join(workspace, 'runs', run, stage);
  const ranHere = existsSync(join(workspace, '.flexattn', 'ran', run, stage));
  if (!ranHere && !existsSync(join(folder, 'receipt.json'))) return 'sound';
  return (await isIntact(folder, fingerprints)) ? 'sound' : randomUUID();
}
