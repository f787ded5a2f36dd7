/** A line of one of several processes, without the label that the launch plan asks torchrun for. */
export interface ProcessLine {
  /** Among all processes; undefined for a line of the launcher, or of the only process. */
  rank: number | undefined;
  text: string;
}

/** Takes the label off a line; one that came in pieces bears it more than once. */
export function processLine(line: string): ProcessLine {
  const label = /^\[rank (\d+)\] ?/.exec(line);
  if (label === null) return { rank: undefined, text: line };
  return { rank: Number(label[1]), text: line.replaceAll(label[0], '') };
}

/** How a process ended that took the others with it. */
export interface FailedProcess {
  rank: number;
  /** Below 0: the signal that killed it. */
  exitCode: number;
}

/**
 * Finds the first process that failed in what torch.distributed.run writes at the end: `rank : 1 (local_rank: 1)` and
 * `exitcode : 1 (pid: 2526)` below "Root Cause". With several machines each tells its own; one whose processes were
 * only told to end (-15) is not the cause.
 */
export class RootCause {
  failed: FailedProcess | undefined;
  #reading = false;
  #rank: number | undefined;

  add(line: string): void {
    if (line.includes('Root Cause (first observed failure)')) this.#reading = true;
    if (!this.#reading) return;
    const [, name, value] = /^\s*(rank|exitcode)\s*:\s*(-?\d+)/.exec(line) ?? [];
    if (name === 'rank') this.#rank = Number(value);
    if (name !== 'exitcode' || this.#rank === undefined) return;
    if (this.failed === undefined || this.failed.exitCode === -15)
      this.failed = { rank: this.#rank, exitCode: Number(value) };
    this.#reading = false;
  }
}
