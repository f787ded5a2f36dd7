import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { STAGES } from './stages.mjs';

/** The configuration that a target runs with when `-c NAME` is left out. */
const DEFAULT_CONFIG = 'tiny';

/**
 * Infers every target of the workspace: the stages (one Nx configuration per `configs/*.json`), `check` and `test`
 * of each project, the Python environment, and `pipeline:all`. A stage's Nx output is its receipt alone: the
 * artifacts are in the content store, which checks them.
 *
 * @type {import('nx/src/devkit-exports').CreateNodesV2}
 */
export const createNodesV2 = [
  '{libs/*,apps/*,tools}/package.json',
  (packageFiles, _options, { workspaceRoot }) => {
    const configs = readdirSync(join(workspaceRoot, 'configs'))
      .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
      .map((file) => basename(file, '.json'));
    const ofPackages = packageFiles.map((file) => {
      const root = dirname(file);
      const { nx } = JSON.parse(readFileSync(join(workspaceRoot, file), 'utf8'));
      return [file, { projects: { [root]: { root, ...projectOf(nx.name, root, configs) } } }];
    });
    const configFolder = { root: 'configs', name: 'configs', projectType: 'library' };
    return [...ofPackages, ['configs', { projects: { configs: configFolder } }]];
  },
];

function projectOf(name, root, configs) {
  const targets = { check: checkTarget(root), test: testTarget(name, root) };
  for (const [stage, { project }] of Object.entries(STAGES)) {
    if (project === name) targets[stage] = stageTarget(stage, configs);
  }
  if (name === 'train') targets['python-env'] = pythonTarget();
  if (name === 'pipeline') Object.assign(targets, { all: allTarget(configs), e2e: endToEndTarget() });
  return { targets, ...(name === 'eval' ? { implicitDependencies: EVAL_READS } : {}) };
}

/** What a score depends on beside the code of its own lib: `nx affected -t eval` must see all of it. */
const EVAL_READS = ['data-prep', 'model-prep', 'train', 'flexattn-runtime', 'tools', 'configs'];

/** The code of `apps/pipeline` that decides any stage; the report's own is an input of its project. */
const WIRING = [
  '{workspaceRoot}/apps/pipeline/src/**/*.ts',
  '!{workspaceRoot}/apps/pipeline/src/**/*.spec.ts',
  '!{workspaceRoot}/apps/pipeline/src/report/**',
];

const BUILD = [{ projects: 'flexattn', target: 'build' }];

function stageTarget(stage, configs) {
  const { after, code = [] } = STAGES[stage];
  return {
    ...command(`node apps/pipeline/bin/flexattn.js ${stage}`, configs),
    cache: true,
    parallelism: false,
    dependsOn: [...BUILD, ...after.map(targetOf)],
    inputs: [
      'source',
      '^source',
      ...(code.length === 0 ? [] : [{ input: 'source', projects: code }]),
      ...WIRING,
      '{workspaceRoot}/flexattn.lock.json',
      { env: 'FLEXATTN_CONFIG' },
      { env: 'FLEXATTN_PYTHON' },
      { runtime: `node tools/nx/fingerprint.mjs ${stage}` },
      { dependentTasksOutputFiles: '**/receipt.json' },
    ],
    outputs: [`{workspaceRoot}/runs/{options.run}/${stage}/receipt.json`],
  };
}

function targetOf(stage) {
  return { projects: STAGES[stage].project, target: stage };
}

/** Never cached: it checks what the cache restored, mends it, and prints the scores. */
function allTarget(configs) {
  return {
    ...command('node apps/pipeline/bin/flexattn.js all --quiet', configs),
    dependsOn: [...BUILD, ...Object.keys(STAGES).map(targetOf)],
  };
}

/** `train` makes the environment itself where it is missing; the tests need it before. */
function pythonTarget() {
  return {
    command: 'node apps/pipeline/bin/flexattn.js python-env',
    options: { cwd: '{workspaceRoot}' },
    dependsOn: BUILD,
  };
}

function endToEndTarget() {
  return {
    command: 'vitest run --config apps/pipeline/e2e/vitest.config.ts',
    options: { cwd: '{workspaceRoot}' },
    dependsOn: BUILD,
    parallelism: false,
  };
}

function checkTarget(root) {
  return {
    command: `prettier --check ${root} --log-level warn && eslint ${root}`,
    options: { cwd: '{workspaceRoot}' },
    cache: true,
    inputs: [
      '{projectRoot}/**/*',
      '^source',
      '{workspaceRoot}/eslint.config.js',
      '{workspaceRoot}/tsconfig*.json',
      '{workspaceRoot}/.prettier*',
    ],
  };
}

/** Whose tests compare with PyTorch, or train. */
const NEED_PYTHON = ['model-prep', 'train', 'pipeline', 'tools'];

/** The workflow, the configurations, and the lock with the data that it must agree with. */
const PIPELINE_TESTS_READ = [
  '.github/**/*',
  'configs/**/*',
  'flexattn.lock.json',
  'tools/tiny/world/**/*',
].map((path) => `{workspaceRoot}/${path}`);

function testTarget(name, root) {
  return {
    command: `vitest run ${root}`,
    options: { cwd: '{workspaceRoot}' },
    cache: true,
    dependsOn: [
      ...BUILD,
      ...(NEED_PYTHON.includes(name) ? [{ projects: 'train', target: 'python-env' }] : []),
    ],
    inputs: [
      '{projectRoot}/**/*',
      '^source',
      '{workspaceRoot}/vitest.config.ts',
      ...(name === 'pipeline' ? PIPELINE_TESTS_READ : []),
    ],
  };
}

/**
 * A run without `-c` passes `--run` alone, which `FLEXATTN_CONFIG` overrides; `-c NAME` passes `--config` too, which
 * overrides both.
 */
function command(text, configs) {
  return {
    executor: 'nx:run-commands',
    options: { command: text, cwd: '{workspaceRoot}', run: DEFAULT_CONFIG },
    configurations: Object.fromEntries(configs.map((name) => [name, { run: name, config: name }])),
  };
}
