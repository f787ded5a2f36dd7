import { z } from 'zod';

const count = z.number().int().positive();
/** What Slurm takes for names: no space, no quote, nothing that its option parser reads in another way. */
const slurmName = z.string().regex(/^[\w.,:+-]+$/, 'use letters, digits, "_", ".", ",", ":", "+" and "-"');

const rendezvousSchema = z.strictObject({
  nodes: z.number().int().min(2),
  endpoint: z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[\da-f:]+\]:\d{1,5}$/i, 'expected host:port'),
  nodeRank: z.number().int().nonnegative().default(0),
});

/** What a Slurm job asks for. */
export const slurmSchema = z.strictObject({
  partition: slurmName.optional(),
  account: slurmName.optional(),
  /** Machines; each runs `processes` processes. */
  nodes: count.default(1),
  gpusPerNode: count.optional(),
  /** As `sbatch --time`: minutes, `hours:minutes:seconds`, `days-hours`. */
  time: z
    .string()
    .regex(/^(\d+-)?\d+(:\d{1,2}){0,2}$/, 'expected minutes, hours:minutes:seconds or days-hours')
    .optional(),
  /** How long before its time limit a job is told to write its state and queue again. */
  secondsToSave: z.number().int().min(1).max(65_535).default(300),
  /** More arguments of `sbatch`. */
  args: z.array(z.string().regex(/^--?[a-z]/i, 'expected an option as "--qos=long"')).default([]),
  /** How often the job is asked after. */
  pollSeconds: z.number().positive().default(5),
});

const launcherShape = {
  launcher: z.enum(['local', 'slurm', 'external']).default('local'),
  /** `local`: several machines that train together. */
  rendezvous: rendezvousSchema.optional(),
  slurm: slurmSchema.optional(),
  /** `external`: a program and its arguments, with the placeholders {checkpoint}, {data}, {images}, {out}. */
  command: z.array(z.string()).min(1).optional(),
};

type Shape = z.output<z.ZodObject<typeof launcherShape>>;

/** `sbatch --time` in seconds: minutes[:seconds], hours:minutes:seconds, days-hours[:minutes[:seconds]]. */
function slurmSeconds(time: string): number {
  const [clock = '', days] = time.split('-').reverse();
  const parts = clock.split(':').map(Number);
  const [hours = 0, minutes = 0, seconds = 0] =
    days !== undefined || parts.length === 3 ? parts : [0, ...parts];
  return ((Number(days ?? 0) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** Each launcher's settings belong to it alone, and `external` cannot do without. */
export function checkLauncher(
  { launcher, rendezvous, slurm, command }: Shape,
  { addIssue }: Pick<z.core.$RefinementCtx, 'addIssue'>,
): void {
  const of = { rendezvous: 'local', slurm: 'slurm', command: 'external' } as const;
  for (const [name, value] of Object.entries({ rendezvous, slurm, command })) {
    const owner = of[name as keyof typeof of];
    if (value !== undefined && owner !== launcher)
      addIssue({
        code: 'custom',
        path: [name],
        message: `goes with "launcher": "${owner}", got "${launcher}"`,
      });
  }
  const seconds = slurm?.time === undefined ? undefined : slurmSeconds(slurm.time);
  if (seconds !== undefined && slurm !== undefined && seconds <= slurm.secondsToSave)
    addIssue({
      code: 'custom',
      path: ['slurm', 'time'],
      message: `expected more than secondsToSave = ${slurm.secondsToSave} seconds, got ${seconds}`,
    });
  if (launcher === 'external' && command === undefined)
    addIssue({ code: 'custom', path: ['command'], message: 'expected the program that trains' });
  if (command !== undefined && !command.some((part) => part.includes('{out}')))
    addIssue({ code: 'custom', path: ['command'], message: 'expected the placeholder {out} in it' });
}

/** Who starts the trainer, and how; of a configuration's `train`. */
export const launcherSettingsSchema = z.strictObject(launcherShape).superRefine(checkLauncher);

/** Who starts the trainer, defaults filled in. */
export type LauncherSettings = z.output<typeof launcherSettingsSchema>;
export type SlurmSettings = z.output<typeof slurmSchema>;

/** Machines that train together. */
export function nodesOf({ launcher, rendezvous, slurm }: LauncherSettings): number {
  return (launcher === 'slurm' ? slurm?.nodes : rendezvous?.nodes) ?? 1;
}
