import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const run = promisify(execFile);
const decompress = promisify(brotliDecompress);

/** SwiftShader, a Vulkan driver in software that comes with the tests' browser: WebGPU without a GPU. */
export class SwiftShader {
  private constructor(readonly folder: string) {}

  static async unpack(): Promise<SwiftShader> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-swiftshader-'));
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    const archive = join(entry.slice(0, entry.lastIndexOf('/build/')), 'bin/swiftshader.tar.br');
    const tar = join(folder, 'driver.tar');
    await writeFile(tar, await decompress(await readFile(archive)));
    await run('tar', ['-xf', tar, '-C', folder]);
    return new SwiftShader(folder);
  }

  /** Variables of a process that finds this driver and no other; the loader reads them when the process starts. */
  get env(): Record<string, string> {
    const driver = join(this.folder, 'vk_swiftshader_icd.json');
    return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: this.folder };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
