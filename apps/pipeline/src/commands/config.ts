import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { pathExists, writeFileAtomic } from '@flexattn/stage';
import { configJsonSchema } from '../config-schema.js';
import { eventsJsonSchema } from '../events.js';
import { PipelineError } from '../errors.js';
import { configOptions } from '../flags.js';
import { configFile, pathOf, workspaceOf } from '../run-context.js';
import { namedPaths, readConfig, type Override } from '../read-config.js';

interface ConfigFlags {
  config?: string;
  run: string;
  set?: Override[];
}

/** `config show|check|schema|new`. */
export function addConfigCommand(program: Command): void {
  const config = program.command('config').description('look at, check and write configurations');
  addShow(config);
  addCheck(config);
  config
    .command('schema')
    .description('print the JSON schema of configuration files (configs/run.schema.json)')
    .option('--events', 'of what commands print with --json instead (configs/events.schema.json)')
    .addHelpText('after', '\nExample:\n  flexattn config schema > configs/run.schema.json\n')
    .action(({ events }: { events?: boolean }) =>
      print(events === true ? eventsJsonSchema() : configJsonSchema()),
    );
  addNew(config);
}

function addShow(config: Command): void {
  const command = config
    .command('show')
    .description('print a configuration with what it extends and every default')
    .addHelpText('after', '\nExample:\n  flexattn config show --config tiny --set train.steps=400\n');
  for (const option of configOptions()) command.addOption(option);
  command.action(async (flags: ConfigFlags) => {
    const file = configFile(flags.config ?? flags.run, process.cwd());
    print(await readConfig(file, flags.set));
  });
}

function addCheck(config: Command): void {
  config
    .command('check [names...]')
    .description('check configurations (all of configs/ without a name), and that what they read is there')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  flexattn config check tiny\n')
    .action(async (names: string[], { json = false }: { json?: boolean }) => {
      const results = await Promise.all((names.length === 0 ? await allNames() : names).map(checked));
      if (json) print(results);
      else for (const { config: name, missing } of results) process.stdout.write(line(name, missing));
    });
}

async function allNames(): Promise<string[]> {
  const files = await readdir(join(workspaceOf(process.cwd(), process.cwd()), 'configs'));
  return files
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

async function checked(name: string): Promise<{ config: string; missing: string[] }> {
  const file = configFile(name, process.cwd());
  const settings = await readConfig(file);
  const workspace = workspaceOf(join(file, '..'), process.cwd());
  const missing = namedPaths(settings).filter((path) => !existsSync(pathOf({ workspace }, path)));
  return { config: name, missing };
}

function line(name: string, missing: readonly string[]): string {
  return `${name}: valid${missing.length === 0 ? '' : `; not there yet: ${missing.join(', ')}`}\n`;
}

function addNew(config: Command): void {
  config
    .command('new <name>')
    .description('write configs/NAME.json, which extends another and differs where you say')
    .option('--from <config>', 'the configuration that it extends', 'tiny')
    .option('--dry-run', 'print the file instead')
    .addHelpText('after', '\nExample:\n  flexattn config new my-run --from llava-v1.5-7b-flexattn\n')
    .action(async (name: string, { from, dryRun = false }: { from: string; dryRun?: boolean }) => {
      if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name))
        throw new PipelineError('BAD_ARGUMENT', 'use letters, digits, ".", "_" and "-"', { item: name });
      const base = configFile(from, process.cwd());
      await readConfig(base);
      const file = join(base, '..', `${name}.json`);
      const content = { $schema: './run.schema.json', extends: `./${basename(base)}` };
      if (dryRun) return print(content);
      if (await pathExists(file))
        throw new PipelineError('BAD_ARGUMENT', 'expected a new name, got one that is taken', { file });
      await writeFileAtomic(file, `${JSON.stringify(content, null, 2)}\n`);
      process.stdout.write(`${file}\n`);
    });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
