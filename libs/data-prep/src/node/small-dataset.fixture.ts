import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanDataset } from './clean-dataset.js';
import type { CleanOptions } from './clean-options.js';

const JPEG = Buffer.from('\xff\xd8\xff\xe0JFIF', 'latin1');

/** A folder with an image root `images` and whatever a test writes beside it. */
export class SmallDataset {
  private constructor(readonly folder: string) {}

  static async make(): Promise<SmallDataset> {
    const dataset = new SmallDataset(await mkdtemp(join(tmpdir(), 'data-prep-')));
    for (const name of ['a/1.jpg', 'a/2.jpg', 'b/3.jpg']) await dataset.write(join('images', name), JPEG);
    return dataset;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    await mkdir(join(this.folder, name, '..'), { recursive: true });
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  /** Runs `cleanDataset` on `mix.json` unless the options name other files. */
  clean(options: Partial<CleanOptions> = {}) {
    const [annotations, images, out] = [this.path('mix.json'), this.path('images'), this.path('out')];
    return cleanDataset({ annotations, images, out, quiet: true, ...options });
  }

  /** The files of an output folder by name. */
  async files(folder = 'out'): Promise<Record<string, string>> {
    const names = (await readdir(this.path(folder))).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(this.path(folder), name), 'utf8')));
    return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A sample that needs no change. */
export function sampleText(id: number | string, image = 'a/1.jpg', question = 'What?'): string {
  const turns = `{"from":"human","value":"<image>\\n${question}"},{"from":"gpt","value":"This."}`;
  return `{"id":${JSON.stringify(id)},"image":"${image}","conversations":[${turns}]}`;
}
