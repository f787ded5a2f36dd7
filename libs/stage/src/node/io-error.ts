import { FlexattnError, StageError, type StageErrorCode } from '../errors.js';

const KNOWN: Record<string, { code: StageErrorCode; what: string; hint: string; io: boolean }> = {
  ENOENT: { code: 'FILE_MISSING', what: 'no such file or folder', hint: 'check the path', io: false },
  ENOTDIR: {
    code: 'FILE_MISSING',
    what: 'a part of the path is not a folder',
    hint: 'check the path',
    io: false,
  },
  // From making a folder.
  EEXIST: {
    code: 'FILE_MISSING',
    what: 'a part of the path is not a folder',
    hint: 'check the path',
    io: false,
  },
  ENAMETOOLONG: { code: 'FILE_MISSING', what: 'the name is too long', hint: 'shorten the path', io: false },
  ELOOP: { code: 'FILE_UNREADABLE', what: 'too many links', hint: 'remove the circular link', io: false },
  EACCES: { code: 'FILE_UNREADABLE', what: 'permission denied', hint: 'check its owner and mode', io: false },
  EPERM: {
    code: 'FILE_UNREADABLE',
    what: 'operation not permitted',
    hint: 'check its owner and mode',
    io: false,
  },
  EISDIR: {
    code: 'NOT_A_FILE',
    what: 'expected a file, got a folder',
    hint: 'name a file inside it',
    io: false,
  },
  ENOSPC: {
    code: 'DISK_FULL',
    what: 'no space left on the disk',
    hint: 'free some space and run again',
    io: true,
  },
  EDQUOT: {
    code: 'DISK_FULL',
    what: 'the disk quota is used up',
    hint: 'free some space and run again',
    io: true,
  },
  EROFS: { code: 'IO_FAILED', what: 'the file system is read-only', hint: 'choose another folder', io: true },
  EMFILE: { code: 'IO_FAILED', what: 'too many open files', hint: 'raise the limit (ulimit -n)', io: true },
};

/**
 * An operating system's error as one of ours: exit 2 where the user named a wrong file, 74 where the machine failed.
 * An error that is ours already comes back as it is; one without an errno is a bug and is thrown again.
 */
export function toIoError(cause: unknown, file: string): FlexattnError {
  if (cause instanceof FlexattnError) return cause as FlexattnError;
  const errno =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  // Node refuses such a path before it asks the system.
  if (errno === 'ERR_INVALID_ARG_VALUE' && file.includes('\0')) {
    return new StageError('FILE_MISSING', 'no path has a zero byte', { file, hint: 'check the path', cause });
  }
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) throw cause;
  const known = KNOWN[errno];
  return known === undefined
    ? new StageError('IO_FAILED', `input or output failed with ${errno}`, { file, cause, exitCode: 74 })
    : new StageError(known.code, known.what, { file, hint: known.hint, cause, exitCode: known.io ? 74 : 2 });
}
