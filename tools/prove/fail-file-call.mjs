/**
 * Makes the nth file call of this process below some folders fail. Preloaded (`node --import`), it reads
 * `{folders, at, code, report}` as JSON from FAIL_FILE_CALL: `at` counts from 0; the code SHORT makes the nth write take
 * half of its bytes; `report` is a file for `{calls, writes, failed}`, the calls that were seen and the one that failed.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const PATH_CALLS =
  'access appendFile chmod copyFile cp link lstat mkdir mkdtemp open opendir readFile readdir readlink realpath rename rm rmdir stat symlink truncate unlink utimes writeFile';
const DESCRIPTOR_CALLS = 'close fdatasync fstat fsync ftruncate read readv write writev';
const HANDLE_CALLS = 'appendFile datasync read readFile readv stat sync truncate write writeFile writev';
const TWO_PATHS = new Set(['copyFile', 'cp', 'link', 'rename', 'symlink']);

const preloaded = process.env.FAIL_FILE_CALL;
// Programs and threads that this process starts load this file, too, and are not counted.
delete process.env.FAIL_FILE_CALL;

let folders = [];
let at = -1;
let code = '';
let seen = { calls: 0, writes: 0, failed: undefined };
/** Open files below the folders. */
const descriptors = new Set();
const handles = new WeakSet();
const { writeFileSync } = fs;

/** From now on the call `at` below `folders` fails with `code`, once; what was counted is forgotten. */
export function armFault(fault) {
  ({ folders, at, code } = fault);
  seen = { calls: 0, writes: 0, failed: undefined };
}

/** The calls since then. */
export function seenCalls() {
  return seen;
}

const isBelow = (path) => {
  if (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)) return false;
  const file = resolve(path instanceof URL ? fileURLToPath(path) : String(path));
  return folders.some((folder) => file === folder || file.startsWith(folder + sep));
};

/** The arguments to go on with; throws where this is the call that fails. */
function passed(name, args) {
  const isWrite = name === 'write';
  const turn = code === 'SHORT' ? (isWrite ? seen.writes : undefined) : seen.calls;
  seen.calls += 1;
  seen.writes += Number(isWrite);
  if (turn !== at) return args;
  seen.failed = name;
  if (code === 'SHORT') return halved(args);
  throw Object.assign(new Error(`${code}: made to fail, ${name}`), { code, errno: -1, syscall: name });
}

/** Half of the bytes of a write; text and single bytes are written whole. */
function halved(args) {
  const at = args.findIndex((value) => ArrayBuffer.isView(value));
  const bytes = args[at];
  const [offset, length] = [args[at + 1], args[at + 2]];
  if (at < 0 || (typeof offset !== 'number' && offset !== undefined)) return args;
  const from = offset ?? 0;
  const all = typeof length === 'number' ? length : bytes.byteLength - from;
  if (all < 2) return args;
  return args.with(at, bytes).toSpliced(at + 1, 2, from, Math.floor(all / 2));
}

/** Puts `wrapper(original)` in the place of each function that is there. */
function wrap(owner, names, wrapper) {
  for (const name of names) {
    const original = owner[name];
    // `realpath.native` and what `promisify` looks for are properties of the function.
    if (typeof original === 'function')
      owner[name] = Object.defineProperties(
        wrapper(original, name),
        Object.getOwnPropertyDescriptors(original),
      );
  }
}

const concerns = (name, args) => isBelow(args[0]) || (TWO_PATHS.has(name) && isBelow(args[1]));

/** What a function with a callback is told; a close that fails has closed nevertheless. */
function viaCallback(original, name, isOurs) {
  return function (...args) {
    if (!isOurs(args)) return original.apply(this, args);
    const callback = args.at(-1);
    let next = args;
    try {
      next = passed(name, args);
    } catch (error) {
      if (name === 'close') return original.call(this, args[0], () => callback(error));
      return process.nextTick(callback, error);
    }
    if (name !== 'open') return original.apply(this, next);
    return original.call(this, ...next.slice(0, -1), (error, file) => {
      if (!error) descriptors.add(file);
      callback(error, file);
    });
  };
}

function viaReturn(original, name, isOurs) {
  return function (...args) {
    if (!isOurs(args)) return original.apply(this, args);
    if (name === 'close') {
      descriptors.delete(args[0]);
      original.apply(this, args);
      passed(name, args);
      return undefined;
    }
    const result = original.apply(this, passed(name, args));
    if (name === 'open') descriptors.add(result);
    return result;
  };
}

/** Puts all that is watched in place; nothing fails yet. */
export async function install() {
  const ofDescriptor = (args) => descriptors.has(args[0]);
  for (const name of PATH_CALLS.split(' ')) {
    const isOurs = (args) => concerns(name, args);
    wrap(fs, [name], (original) => viaCallback(original, name, isOurs));
    wrap(fs, [`${name}Sync`], (original) => viaReturn(original, name, isOurs));
  }
  for (const name of DESCRIPTOR_CALLS.split(' ')) {
    wrap(fs, [name], (original) => viaCallback(original, name, ofDescriptor));
    wrap(fs, [`${name}Sync`], (original) => viaReturn(original, name, ofDescriptor));
  }

  const handle = await fs.promises.open(fileURLToPath(import.meta.url));
  await handle.close();
  wrap(
    Object.getPrototypeOf(handle),
    HANDLE_CALLS.split(' '),
    (original, name) =>
      async function (...args) {
        return original.apply(this, handles.has(this) ? passed(name, args) : args);
      },
  );
  wrap(
    fs.promises,
    PATH_CALLS.split(' '),
    (original, name) =>
      async function (...args) {
        if (!concerns(name, args)) return original.apply(this, args);
        const result = await original.apply(this, passed(name, args));
        if (name !== 'open') return result;
        handles.add(result);
        const { close } = result;
        // Closing is a property of every handle, not of their prototype.
        result.close = async () => {
          const isFirst = result.fd !== -1;
          await close.call(result);
          if (isFirst) passed('close', []);
        };
        return result;
      },
  );
  syncBuiltinESMExports();
}

if (preloaded !== undefined) {
  const { report, ...fault } = JSON.parse(preloaded);
  await install();
  armFault(fault);
  process.on('exit', () => writeFileSync(report, JSON.stringify(seen)));
}
