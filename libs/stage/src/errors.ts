/** Exit codes of every command: sysexits where one fits, 128 + signal for signals. */
export type ExitCode = 1 | 2 | 70 | 74 | 75 | 130 | 143;

export interface ErrorDetails {
  /** The file that the error is about. */
  file?: string | undefined;
  /** The part of it: a sample's index, a tensor's name, a path inside a document. */
  item?: string | undefined;
  /** What the reader can do about it. */
  hint?: string | undefined;
  cause?: unknown;
  /** Default 2: the user's input or configuration. */
  exitCode?: ExitCode | undefined;
}

/**
 * An error that a user can act on. Its message is one line: what, where, expected and got, what to do, code.
 * Each lib has one subclass whose `code` is a union of literals.
 */
export class FlexattnError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly file: string | undefined;
  readonly item: string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: Code, what: string, details: ErrorDetails = {}) {
    const { file, item, hint, cause, exitCode = 2 } = details;
    const where = file === undefined ? item : item === undefined ? file : `${file}[${item}]`;
    const message = `${where === undefined ? '' : `${where}: `}${what}${hint === undefined ? '' : `; ${hint}`} (${code})`;
    super(oneLine(message), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.file = file;
    this.item = item;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** Codes of the errors that this lib raises itself. */
export type StageErrorCode =
  /** A file, or a setting in the environment, holds something else than it must. */
  | 'BAD_CONTENT'
  /** A file is not JSON as RFC 8259 has it. */
  | 'BAD_JSON'
  /** The disk or its quota is full; what was there before is untouched. */
  | 'DISK_FULL'
  /** A file or folder, or a part of its path, is not there. */
  | 'FILE_MISSING'
  /** A file or folder may not be read or written. */
  | 'FILE_UNREADABLE'
  /**
   * A signal ended the work; nothing half done is left under a final name. Remedy: run the same command
   * again: what was done is kept
   */
  | 'INTERRUPTED'
  /** The operating system failed to read or write. */
  | 'IO_FAILED'
  /** Another process works in the same place. */
  | 'LOCKED'
  /** A folder stands where a file was expected. */
  | 'NOT_A_FILE'
  /** A name leaves the folder that it must stay in; nothing outside is opened. */
  | 'PATH_ESCAPE'
  /** A program that was started ended with an error. Remedy: see its last lines, which the message repeats */
  | 'PROGRAM_FAILED'
  /** A program that is needed is not installed. */
  | 'PROGRAM_MISSING'
  /** Slurm's programs are not on this machine. */
  | 'SLURM_MISSING'
  /**
   * Slurm does not take the job. Remedy: its own words say why; correct the run's Slurm settings (partition,
   * account, time, arguments of sbatch)
   */
  | 'SLURM_REFUSED'
  /** Slurm's controller does not answer; the job may go on. */
  | 'SLURM_UNREACHABLE';

/** What goes wrong around any stage: files, locks, child processes, Slurm, JSON. */
export class StageError extends FlexattnError<StageErrorCode> {}

/** Control characters, line ends and changes of direction, which a hostile name may hold, would fool the reader. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
