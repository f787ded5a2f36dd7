import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stageState, type StageState } from '@flexattn/stage';
import { interpreterOf } from '@flexattn/train';
import { artifacts, type RunContext } from './run-context.js';
import { inputHashes, runMarker, stageParameters, type Stage } from './stage.js';

/** How a step of a run stands. */
export interface StepStatus {
  stage: string;
  /** `waiting`: something that it reads is not there yet. */
  state: StageState['state'] | 'waiting';
  /** What has changed, or what it waits for. */
  because: string[];
  /** Of its artifacts. */
  bytes?: number;
  /** When its artifacts came here, ISO 8601. */
  at?: string;
  /** How long the work took, if it was done here. */
  seconds?: number;
}

/** The steps in order; one that reads a step that is not fresh is not fresh either. */
export async function runStatus(context: RunContext, steps: readonly Stage[]): Promise<StepStatus[]> {
  const statuses: StepStatus[] = [];
  for (const step of steps) {
    const before = statuses.filter(({ stage, state }) => step.after.includes(stage) && state !== 'fresh');
    statuses.push(
      await stepStatus(
        context,
        step,
        before.map(({ stage }) => stage),
      ),
    );
  }
  return statuses;
}

async function stepStatus(context: RunContext, step: Stage, unready: readonly string[]): Promise<StepStatus> {
  const folder = artifacts(context, step.name);
  const absent = Object.entries(step.reads(context)).filter(([, path]) => !existsSync(path));
  if (absent.length > 0) {
    const because = absent.map(([role]) => `${role} is not there`);
    return { stage: step.name, state: 'waiting', because };
  }
  const inputs = await inputHashes(context, step);
  const tools = await toolsAtHand(context, step);
  const found = { stage: step.name, inputs, parameters: stageParameters(context, step), tools };
  const { state, changed, receipt } = await stageState(folder, found, context.fingerprints);
  const isBehind = state === 'fresh' && unready.length > 0;
  return {
    stage: step.name,
    state: isBehind ? 'stale' : state,
    because: [...changed, ...unready.map((stage) => `after ${stage}`)],
    ...(receipt && {
      bytes: receipt.files.reduce((sum, { size }) => sum + size, 0),
      at: statSync(join(folder, 'receipt.json')).mtime.toISOString(),
      ...secondsOf(context, step),
    }),
  };
}

/** Training names versions of Python packages; looking must not install them. */
async function toolsAtHand(context: RunContext, step: Stage): Promise<Record<string, string>> {
  const environment = join(context.workspace, '.flexattn', 'python');
  const python = context.python ?? interpreterOf(environment);
  const isMissing = context.python === undefined && !existsSync(environment);
  return step.name === 'train' && isMissing ? { python: 'missing' } : step.tools({ ...context, python });
}

function secondsOf(context: RunContext, { name }: Stage): { seconds?: number } {
  const marker = runMarker(context, name);
  const text = existsSync(marker) ? readFileSync(marker, 'utf8') : '';
  return text === '' ? {} : { seconds: Number(text) };
}
