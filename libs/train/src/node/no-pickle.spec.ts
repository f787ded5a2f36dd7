import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '@flexattn/stage';
import { testInterpreter } from './interpreter.fixture.js';
import { packageFolder } from './package-folder.js';

/** Prints `file line` of everything below a folder that could run what a file holds, or a shell. */
const SCAN = `
import ast, pathlib, sys
MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "jsonpickle", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__"}
LOADS = {"json", "dcp"}  # dcp reads the states that this trainer wrote
def is_bad(node):
    if isinstance(node, ast.Import):
        return any(MODULES & set(a.name.split(".")) for a in node.names)
    if isinstance(node, ast.ImportFrom):
        names = {a.name for a in node.names}
        return bool(MODULES & (set((node.module or "").split(".")) | names)) or "load" in names or (node.module == "os" and "system" in names)
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value)
        return (node.attr == "load" and owner not in LOADS) or (owner == "os" and node.attr in ("system", "popen"))
    if isinstance(node, ast.Constant):
        return node.value in MODULES or node.value == "load"
    if isinstance(node, ast.keyword):
        return node.arg in ("shell", "allow_pickle") and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS
files = sorted(pathlib.Path(sys.argv[1]).rglob("*.py"))
print(len(files), "files")
for path in files:
    bad = {getattr(node, "lineno", 0) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_bad(node)}
    for line in sorted(bad):
        print(path.name, line)
`;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'flexattn-scan-'))));
afterAll(() => rm(folder, { recursive: true }));

async function found(below: string): Promise<string[]> {
  return (await runProgram(testInterpreter(), ['-c', SCAN, below])).stdoutTail;
}

describe('the trainer', () => {
  it('never unpickles, evaluates text or starts a shell', async () => {
    const [files = '', ...bad] = await found(packageFolder);
    expect(Number.parseInt(files, 10)).toBeGreaterThan(15);
    expect(bad).toEqual([]);
  });

  it('would be caught, and what is harmless is not', async () => {
    const bad = [
      'torch.load("x")',
      'torch.serialization.load("x")',
      'from torch import load',
      'import pickle',
      'from pickle import loads',
      'import six.moves.cPickle as p',
      'from six.moves import cPickle',
      'importlib.import_module("pickle")',
      'getattr(torch, "load")("x")',
      'numpy.lib.format.read_array(f, allow_pickle=True)',
      'eval(text)',
      'os.system("ls")',
      'subprocess.run("ls", shell=True)',
    ];
    const good = [
      'json.load(f)',
      'dcp.load(state)',
      'json.loads(t)',
      'model.load_state_dict(d)',
      'subprocess.run(["ls"], shell=False)',
    ];
    await writeFile(join(folder, 'x.py'), `${[...bad, ...good].join('\n')}\n`);
    expect(await found(folder)).toEqual(['1 files', ...bad.map((_, i) => `x.py ${i + 1}`)]);
  });
});
