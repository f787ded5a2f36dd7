import { TrainError } from './errors.js';
import type { TrainSettings } from './settings.js';
import { parseTrainerLine } from './trainer-line.js';
import type { TrainerStart, TrainStep } from './trainer-line.js';

/** What a training run was; nothing in it depends on the clock. */
export interface TrainReport {
  samples: number;
  steps: number;
  /** Steps that were left out because loss or gradients were not numbers. */
  skippedSteps: number;
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
  start: TrainerStart | undefined;
  done = false;
  readonly #tail: string[] = [];
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
      this.#tail.push(line);
      if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    } else if (event.event === 'start') this.start = event;
    else if (event.event === 'done') this.done = true;
    else if (event.event === 'resumed') {
      this.losses.push(...event.losses);
      this.skippedSteps += event.skippedSteps;
      this.#onResumed(event.losses.length);
    } else {
      this.losses.push(event.loss);
      if (event.skipped !== undefined) this.skippedSteps += 1;
      this.#onStep(event);
    }
  }

  /** Why the trainer ended: its own `error:` line (exit 2), or its last lines. */
  failure(cause: unknown): TrainError {
    const own = this.#tail.findLast((line) => line.startsWith('error: '));
    if (own !== undefined) return new TrainError('TRAINING_FAILED', own.slice('error: '.length), { cause });
    const after = this.losses.length === 0 ? 'before its first step' : `after step ${this.losses.length}`;
    const what = `the trainer stopped ${after}; its last lines: ${this.#tail.join(' | ')}`;
    return new TrainError('TRAINING_FAILED', what, { exitCode: 70, cause });
  }
}

/** The report of a trainer that ended well; `BAD_OUTPUT` where it did not say all that it must. */
export function trainReport(
  { start, done, losses, skippedSteps }: TrainerLog,
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
