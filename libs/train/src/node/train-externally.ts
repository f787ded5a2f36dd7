import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint } from '@flexattn/model-prep';
import { FlexattnError, tellLine } from '@flexattn/stage';
import { TrainError } from '../errors.js';
import { externalPlan } from '../external-command.js';
import { TrainerLog } from '../trainer-log.js';
import { LaunchFailure } from './launch/launcher.js';
import { launchChild } from './launch/local.js';
import { loggedLaunch } from './launch/logged.js';
import { GRACE_MS } from './launch/run-training.js';
import { planTraining, refusalOf } from './plan-training.js';
import { stateFolder } from './state-folder.js';
import { parseSettings } from './train-options.js';
import type { TrainOptions } from './train-options.js';

/** What is known of a run of another trainer. */
export interface ExternalReport {
  /** As configured, its placeholders not filled in. */
  command: string[];
  tensors: number;
  parameters: number;
}

/**
 * Trains with any program (`launcher.command`): the same checks of checkpoint and data before it starts, its lines on
 * standard error, SIGINT at the first abort. `out` appears when it has ended well and what it wrote opens. Its folder
 * {out} is kept from one start to the next below `states`, so that it can go on from states of its own.
 *
 * @throws TrainError as `train` does; BAD_OUTPUT where {out} holds no checkpoint that opens
 */
export async function trainExternally(options: TrainOptions): Promise<ExternalReport> {
  const {
    launcher,
    checkpoint,
    data,
    annotations = data,
    images,
    out,
    states,
    logs,
    signal,
    quiet = false,
  } = options;
  const command = launcher?.command ?? [];
  const { plan, found } = await planTraining(options, { isStart: true });
  const refusal = refusalOf(plan, options);
  if (refusal !== undefined) throw refusal;
  const partial = `${out}.partial`;
  const place = (await placeOf(options, command, found?.checkpoint)) ?? partial;
  await mkdir(dirname(place), { recursive: true });
  const log = new TrainerLog(() => undefined);
  const say = (line: string) => void (quiet || tellLine(line));
  try {
    const launch = launchChild(externalPlan(command, { checkpoint, data: annotations, images, out: place }));
    await (logs === undefined ? launch : loggedLaunch(launch, logs))({
      signal,
      ...(states === undefined ? {} : { graceMs: GRACE_MS }),
      onLine: (line) => {
        log.add(line);
        say(line);
      },
      say,
    });
    const written = await opened(place);
    await mkdir(dirname(out), { recursive: true });
    await rename(place, out);
    if (place !== partial) await rm(dirname(place), { recursive: true, force: true });
    const parameters = [...written.tensors.values()].reduce((sum, { shape }) => sum + product(shape), 0);
    return { command, tensors: written.tensors.size, parameters };
  } catch (cause) {
    if (place === partial) await rm(place, { recursive: true, force: true });
    throw cause instanceof LaunchFailure ? log.failure(cause) : cause;
  }
}

/** Where the program writes, if it may go on: another command never finds what this one left. */
async function placeOf(
  { states, settings, data }: TrainOptions,
  command: readonly string[],
  checkpoint: Checkpoint | undefined,
): Promise<string | undefined> {
  if (states === undefined || checkpoint === undefined) return undefined;
  const tokens = join(data, 'tokens.jsonl');
  const folder = await stateFolder(states, { settings: parseSettings(settings), checkpoint, tokens });
  return join(folder, createHash('sha256').update(JSON.stringify(command)).digest('hex').slice(0, 16));
}

async function opened(place: string): Promise<Checkpoint> {
  try {
    return await openCheckpoint(place);
  } catch (cause) {
    const why = cause instanceof FlexattnError ? cause.message : String(cause);
    throw new TrainError('BAD_OUTPUT', `train.command ended well, but {out} holds no checkpoint: ${why}`, {
      file: place,
      hint: 'it must write config.json and *.safetensors there ("flexattn convert" turns *.bin into them)',
      exitCode: 70,
      cause,
    });
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
