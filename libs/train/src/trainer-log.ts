import { TrainError } from './errors.js';
import { knownFailure } from './known-failures.js';
import type { KnownFailure } from './known-failures.js';
import { processLine, RootCause } from './process-line.js';
import type { FailedProcess } from './process-line.js';
import type { TrainSettings } from './settings.js';
import { parseTrainerLine } from './trainer-line.js';
import type { TrainerStart, TrainStep } from './trainer-line.js';

/** What a training run was; nothing in it depends on the clock. */
export interface TrainReport {
  samples: number;
  steps: number;
  /** Steps that were left out because loss or gradients were not numbers. */
  skippedSteps: number;
  /** Steps whose loss was far above what the steps before had. */
  lossSpikes: number;
  /** Passes over the data. */
  epochs: number;
  parameters: number;
  trainedParameters: number;
  /** Loss of the first step, nats a token. */
  firstLoss: number;
  /** Mean loss of the last 20 steps, nats a token. */
  lastLoss: number;
  device: string;
  processes: number;
  python: string;
  torch: string;
}

const TAIL_LINES = 30;
const LAST_STEPS = 20;

/** Follows the trainer's output: its JSON lines become events, everything else is kept to explain a failure. */
export class TrainerLog {
  /** By step; null where it is not a number. */
  readonly losses: (number | null)[] = [];
  skippedSteps = 0;
  lossSpikes = 0;
  start: TrainerStart | undefined;
  done = false;
  /** The last lines of each process by rank; undefined for the launcher's and an only process's. */
  readonly #tails = new Map<number | undefined, string[]>();
  readonly #cause = new RootCause();
  readonly #onStep: (step: TrainStep) => void;
  readonly #onResumed: (steps: number) => void;

  constructor(onStep: (step: TrainStep) => void, onResumed: (steps: number) => void = () => undefined) {
    this.#onStep = onStep;
    this.#onResumed = onResumed;
  }

  /** One line of either stream. */
  add(line: string): void {
    const event = parseTrainerLine(line);
    if (event === undefined) {
      this.#keep(line);
    } else if (event.event === 'start') this.#begin(event);
    else if (event.event === 'done') this.done = true;
    else if (event.event === 'resumed') {
      this.losses.push(...event.losses);
      this.skippedSteps += event.skippedSteps;
      this.lossSpikes += event.lossSpikes;
      this.#onResumed(event.losses.length);
    } else {
      this.losses.push(event.loss);
      if (event.skipped !== undefined) this.skippedSteps += 1;
      if (event.spike !== undefined) this.lossSpikes += 1;
      this.#onStep(event);
    }
  }

  /** A job that was queued again starts anew, from its last state or from nothing. */
  #begin(start: TrainerStart): void {
    this.start = start;
    this.#onResumed(-this.losses.length);
    this.losses.length = 0;
    this.skippedSteps = 0;
    this.lossSpikes = 0;
  }

  #keep(line: string): void {
    this.#cause.add(line);
    const { rank, text } = processLine(line);
    const tail = this.#tails.get(rank) ?? [];
    this.#tails.set(rank, tail);
    tail.push(text);
    if (tail.length > TAIL_LINES) tail.shift();
  }

  /** The last lines of the process that failed first, else of all that said something, in the order of their ranks. */
  #lastLines(): string[] {
    const { failed } = this.#cause;
    const own = failed && this.#tails.get(failed.rank);
    return own ?? [...this.#tails.values()].flat().slice(-TAIL_LINES);
  }

  /**
   * Why the trainer ended, of which its launcher knows `end`: its own `error:` line (exit 2), or its last lines; and
   * what to do where that is known.
   */
  failure(end: { message: string; known: KnownFailure | undefined; log?: string | undefined }): TrainError {
    const lines = this.#lastLines();
    const { failed } = this.#cause;
    const ended = failed === undefined ? end.message : endOf(failed);
    const known = end.known ?? knownFailure([...lines, ended]);
    const more = { hint: known?.hint, cause: end };
    const own = lines.findLast((line) => line.startsWith('error: '))?.slice('error: '.length);
    if (own !== undefined) return new TrainError('TRAINING_FAILED', own, more);
    const after = this.losses.length === 0 ? 'before its first step' : `after step ${this.losses.length}`;
    const first = failed === undefined ? '' : `process ${failed.rank} failed first (${ended})`;
    const how = [after, end.message, first, known?.what ?? ''].filter((text) => text !== '');
    const all = end.log === undefined ? '' : ` (all are in ${end.log})`;
    const what = `the trainer stopped ${how.join(', ')}; its last lines${all}: ${lines.join(' | ')}`;
    return new TrainError('TRAINING_FAILED', what, { exitCode: 70, ...more });
  }
}

function endOf({ exitCode }: FailedProcess): string {
  return exitCode < 0 ? `killed by signal ${-exitCode}` : `exit code ${exitCode}`;
}

/** The report of a trainer that ended well; `BAD_OUTPUT` where it did not say all that it must. */
export function trainReport(
  { start, done, losses, skippedSteps, lossSpikes }: TrainerLog,
  settings: TrainSettings,
): TrainReport {
  const found = losses.filter((loss) => loss !== null);
  const [firstLoss] = found;
  if (start === undefined || !done || firstLoss === undefined || losses.length !== settings.steps) {
    const what = `expected ${settings.steps} steps and a last line from the trainer, got ${losses.length} steps`;
    throw new TrainError('BAD_OUTPUT', what, { exitCode: 70 });
  }
  const last = found.slice(-LAST_STEPS);
  const { samples, parameters, trainedParameters, device, processes, python, torch } = start;
  return {
    samples,
    steps: losses.length,
    skippedSteps,
    lossSpikes,
    epochs: (settings.steps * settings.batchSize) / samples,
    parameters,
    trainedParameters,
    firstLoss,
    lastLoss: last.reduce((sum, loss) => sum + loss, 0) / last.length,
    device,
    processes,
    python,
    torch,
  };
}
