import { z } from 'zod';

const count = z.number().int().nonnegative();

const startSchema = z.object({
  event: z.literal('start'),
  python: z.string(),
  torch: z.string(),
  device: z.string(),
  processes: count,
  samples: count,
  parameters: count,
  trainedParameters: count,
});

const stepSchema = z.object({
  event: z.literal('step'),
  /** From 1. */
  step: z.number().int().positive(),
  /** Mean cross-entropy over the answer tokens of the step, nats; null where it is not a number. */
  loss: z.number().nullable(),
  learningRate: z.number(),
  /** Before clipping; null where it is not a number. */
  gradNorm: z.number().nullable(),
  /** Regions that answer rows picked, of all that they could; absent at low resolution. */
  selectedShare: z.number().optional(),
  /** Samples of a step that changed no weight: loss or gradients are no numbers. */
  skipped: z.array(z.string()).optional(),
  /** Samples of a step whose loss is far above what the steps before had. */
  spike: z.array(z.string()).optional(),
  samplesPerSecond: z.number(),
  /** Positions of all sequences, image tokens included. */
  tokensPerSecond: z.number(),
  /** The most that the first process held: of its GPU, else of its RAM. */
  memoryMegabytes: z.number(),
  /** That this step waited for pictures to be read. */
  waitingSeconds: z.number(),
});

/** What was done before, where a run goes on from a state. */
const resumedSchema = z.object({
  event: z.literal('resumed'),
  losses: z.array(z.number().nullable()),
  skippedSteps: count,
  lossSpikes: count,
});

const doneSchema = z.object({ event: z.literal('done'), tensors: count });

const lineSchema = z.discriminatedUnion('event', [startSchema, resumedSchema, stepSchema, doneSchema]);

/** What the trainer says before the first step. */
export type TrainerStart = z.output<typeof startSchema>;
/** What the trainer says after every optimiser step. */
export type TrainStep = z.output<typeof stepSchema>;

/** A line of the trainer's standard output; undefined for text that is not one of its JSON lines. */
export function parseTrainerLine(line: string): z.output<typeof lineSchema> | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return lineSchema.safeParse(value).data;
}
