import { opendirSync, type Dirent } from 'node:fs';
import { readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { toIoError } from '@flexattn/stage';
import { DataPrepError } from '../errors.js';
import type { EntryKind, LinkTarget } from '../file-tree.js';
import { ImageIndex, type ImageFiles, type VerifyLevel } from '../image-index.js';
import { errnoOf } from './errno.js';
import { ImageDecoder } from './image-decoder.js';
import { HeaderReader } from './header-reader.js';
import { ImageJournal } from './image-journal.js';
import { OpenFolders } from './open-folders.js';
import { readImage } from './read-image.js';

/** Entries read from a folder at a time: fewer, larger system calls than the default of 32. */
const LIST_BUFFER = 1024;

/** Settings of `openImageIndex`. */
export interface ImageIndexOptions {
  /** Default `header`. */
  verify?: VerifyLevel | undefined;
  /** At level `decode`: a file that remembers which pictures were decoded, so that the next run need not. */
  journal?: string | undefined;
  /** The journal is read, and nothing is written. */
  dryRun?: boolean | undefined;
}

/**
 * An index of the images below `root`; useful alone. Throws `IMAGE_ROOT_MISSING` where there is no such folder. Images
 * appear in it as they were when their folder was first needed. `close` it when done.
 */
export async function openImageIndex(
  root: string,
  { verify = 'header', journal, dryRun = false }: ImageIndexOptions = {},
): Promise<ImageIndex> {
  const keepsJournal = verify === 'decode' && journal !== undefined;
  const opened = keepsJournal ? await ImageJournal.open(journal, { readOnly: dryRun }) : undefined;
  try {
    return new ImageIndex(await openImageFiles(root, opened), verify);
  } catch (error) {
    opened?.close();
    throw error;
  }
}

/** The files below `root`, whose own path may contain links. */
async function openImageFiles(root: string, journal: ImageJournal | undefined): Promise<ImageFiles> {
  const named = resolve(root);
  const opened = await identityOf(named);
  if (opened === undefined) {
    const hint = "name the folder that the images' paths start from";
    throw new DataPrepError('IMAGE_ROOT_MISSING', 'no such image folder', { file: root, hint });
  }
  const { path: real } = opened;
  const checkRoot = () => checkSameRoot(root, opened);
  const decoder = new ImageDecoder(journal);
  const headers = new HeaderReader();
  const folders = new OpenFolders(real);
  /** What `work` says of `path`, which is opened as `inner`. */
  const within: Within = (path, work, inner = path) =>
    orProblem({ path, real, checkRoot }, () => folders.within(inner, work));
  return {
    checkRoot,
    close: () => {
      folders.close();
      journal?.close();
      return headers.close();
    },
    list: (folder, add) =>
      within(folder, (opened) => listFolder(opened, add), folder === '' ? '.' : `${folder}/.`),
    readLink: async (path) => {
      const target = await within(path, (opened) => readlink(opened));
      return target === 'missing' || target === 'unreadable' ? 'missing' : linkTarget(target, [real, named]);
    },
    readHeader: (path) => headers.readNow(path, folders) ?? within(path, (opened) => headers.read(opened)),
    readHeaders: (paths) => headers.readMany(paths, folders),
    decode: (path) => within(path, (opened) => decoder.look(join(real, path), opened)),
    readBytes: (path) =>
      within(path, async (opened) => {
        const image = await readImage(opened);
        return typeof image === 'string' ? image : (image.bytes ?? 'too large');
      }),
  };
}

type Within = <T>(
  path: string,
  work: (opened: string) => T | Promise<T>,
  inner?: string,
) => Promise<T | 'missing' | 'unreadable'>;

/** `missing` says something only while the root is there; a root that may not be read says nothing of any image. */
async function orProblem<T>(
  { path, real, checkRoot }: { path: string; real: string; checkRoot: () => Promise<void> },
  work: () => Promise<T>,
): Promise<T | 'missing' | 'unreadable'> {
  try {
    return await work();
  } catch (cause) {
    const problem = problemOf(cause);
    if (problem === undefined || (problem === 'unreadable' && path === ''))
      throw toIoError(cause, join(real, path));
    if (problem === 'missing') await checkRoot();
    return problem;
  }
}

interface RootIdentity {
  path: string;
  device: number;
  inode: number;
}

/** Whether the folder that was opened as the root still is at its path. */
async function checkSameRoot(root: string, opened: RootIdentity): Promise<void> {
  const now = await identityOf(opened.path);
  if (now !== undefined && now.device === opened.device && now.inode === opened.inode) return;
  const hint = 'is it still mounted? nothing was written; run again';
  throw new DataPrepError('IMAGE_ROOT_VANISHED', 'the image folder went away during the run', {
    file: root,
    hint,
  });
}

async function identityOf(path: string): Promise<RootIdentity | undefined> {
  try {
    const real = await realpath(path);
    const stats = await stat(real);
    return stats.isDirectory() ? { path: real, device: stats.dev, inode: stats.ino } : undefined;
  } catch (cause) {
    if (problemOf(cause) === 'missing') return undefined;
    throw toIoError(cause, path);
  }
}

/** What an errno says about one image; undefined where the machine failed rather than the file. */
function problemOf(cause: unknown): 'missing' | 'unreadable' | undefined {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP' || errno === 'ENAMETOOLONG')
    return 'missing';
  return errno === 'EACCES' || errno === 'EPERM' ? 'unreadable' : undefined;
}

/**
 * Waiting for the entries takes a third of the time of having each of them told later; between two buffers others have
 * their turn, and Ctrl-C too.
 */
async function listFolder(path: string, add: (name: string, kind: EntryKind) => void): Promise<'listed'> {
  let count = 0;
  const folder = opendirSync(path, { bufferSize: LIST_BUFFER });
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      add(entry.name, kindOf(entry));
      count += 1;
      if (count % LIST_BUFFER === 0) await setImmediate();
    }
  } finally {
    folder.closeSync();
  }
  return 'listed';
}

function kindOf(entry: Dirent): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** A relative target is followed in the tree; an absolute one is inside where it begins like the root. */
function linkTarget(target: string, roots: readonly string[]): LinkTarget | 'outside' {
  const segments = (path: string) => path.split(sep === '\\' ? /[\\/]/ : '/');
  if (!isAbsolute(target)) return { fromRoot: false, segments: segments(target) };
  for (const root of roots) {
    const inner = relative(root, target);
    if (inner !== '..' && !inner.startsWith(`..${sep}`)) return { fromRoot: true, segments: segments(inner) };
  }
  return 'outside';
}
