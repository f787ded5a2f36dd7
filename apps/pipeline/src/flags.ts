import { InvalidArgumentError, Option } from 'commander';
import { parseOverride, type Override } from './read-config.js';

/** Where a run's configuration comes from: `--config`, else `FLEXATTN_CONFIG`, else `--run`. */
export function configOptions(): Option[] {
  return [
    new Option('--config <name>', 'a name in configs/ or the path of a .json file').env('FLEXATTN_CONFIG'),
    new Option(
      '--set <path=value>',
      'a setting of the configuration, over the file; may stand several times',
    ).argParser((text: string, before: Override[] | undefined) => [...(before ?? []), parseOverride(text)]),
    new Option('--run <name>', 'the configuration when no other is named').default('tiny').hideHelp(),
  ];
}

/** What computes a model's answers. */
export type DeviceName = 'auto' | 'cpu' | 'cuda' | 'webgpu';

/** `--device`. */
export function deviceOption(): Option {
  return new Option('--device <name>', 'what computes')
    .choices(['auto', 'cpu', 'cuda', 'webgpu'] satisfies DeviceName[])
    .default('auto');
}

/** Parses a flag that must be a whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1.');
  return value;
}

/** Parses a flag that must be a whole number from 0. */
export function wholeNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('expected a whole number of at least 0.');
  return value;
}

/** Parses a path whose extension must say what the file is. */
export function endingIn(extension: string): (path: string) => string {
  return (path) => {
    if (!path.toLowerCase().endsWith(extension))
      throw new InvalidArgumentError(`expected a name that ends in ${extension}.`);
    return path;
  };
}
