import { describe, expect, it } from 'vitest';
import type { EntryKind, LinkTarget } from './file-tree.js';
import type { ImageFacts } from './image-facts.js';
import { ImageIndex, type ImageFiles, type VerifyLevel } from './image-index.js';
import { imageTypeOf } from './image-type.js';
import { HEADER_READS } from './limits.js';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1');
const JPEG = Buffer.from('\xff\xd8\xff\xe0........', 'latin1');

/** A file's bytes, a folder, a link (`-> target`), a socket, a file (`unreadable`) or a folder (`closed`) without access. */
type Entry = Uint8Array | { [name: string]: Entry } | `-> ${string}` | 'socket' | 'unreadable' | 'closed';

/** Files in memory that write down what is asked of them. */
class FakeFiles implements ImageFiles {
  readonly calls: string[] = [];
  open = 0;
  mostOpen = 0;
  constructor(readonly root: { [name: string]: Entry }) {}

  list(
    folder: string,
    add: (name: string, kind: EntryKind) => void,
  ): Promise<'listed' | 'missing' | 'unreadable'> {
    this.calls.push(`list ${folder}`);
    const entry = this.#at(folder);
    if (entry === 'closed') return Promise.resolve('unreadable');
    if (typeof entry !== 'object' || entry instanceof Uint8Array) return Promise.resolve('missing');
    const kind = (inner: Entry): EntryKind => {
      if (inner === 'unreadable' || inner instanceof Uint8Array) return 'file';
      if (inner === 'socket') return 'other';
      return typeof inner === 'string' && inner !== 'closed' ? 'link' : 'folder';
    };
    for (const [name, inner] of Object.entries(entry)) add(name, kind(inner));
    return Promise.resolve('listed');
  }

  readLink(path: string): Promise<LinkTarget | 'outside'> {
    this.calls.push(`link ${path}`);
    const entry = this.#at(path);
    const target = typeof entry === 'string' ? entry.slice(3) : '';
    if (target.startsWith('/outside')) return Promise.resolve('outside');
    return Promise.resolve({
      fromRoot: target.startsWith('/root/'),
      segments: target.replace('/root/', '').split('/'),
    });
  }

  async readHeader(path: string): Promise<{ size: number; header: Uint8Array } | 'missing' | 'unreadable'> {
    this.calls.push(`header ${path}`);
    await Promise.resolve();
    const entry = this.#at(path);
    if (entry === 'unreadable') return 'unreadable';
    return entry instanceof Uint8Array ? { size: entry.length, header: entry } : 'missing';
  }

  /** "Decodes": a file whose bytes end in a fault or a note has it. */
  async decode(path: string): Promise<ImageFacts | 'missing' | 'unreadable'> {
    this.calls.push(`decode ${path}`);
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    await Promise.resolve();
    this.open -= 1;
    const entry = this.#at(path);
    if (entry === 'unreadable') return 'unreadable';
    if (!(entry instanceof Uint8Array)) return 'missing';
    const text = Buffer.from(entry).toString('latin1');
    return {
      size: entry.length,
      type: imageTypeOf(entry),
      fault: text.endsWith('damaged') ? 'damaged' : text.endsWith('too slow') ? 'too slow' : undefined,
      notes: text.endsWith('cmyk') ? ['cmyk'] : [],
    };
  }

  readBytes(path: string): Promise<Uint8Array | 'missing' | 'unreadable' | 'too large'> {
    this.calls.push(`bytes ${path}`);
    const entry = this.#at(path);
    if (entry === 'unreadable') return Promise.resolve('unreadable');
    if (!(entry instanceof Uint8Array)) return Promise.resolve('missing');
    return Promise.resolve(entry.length > 100 ? 'too large' : entry);
  }

  checkRoot(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }

  #at(path: string): Entry | undefined {
    return path
      .split('/')
      .reduce<Entry | undefined>(
        (entry, name) =>
          name === ''
            ? entry
            : typeof entry === 'object' && !(entry instanceof Uint8Array)
              ? entry[name]
              : undefined,
        this.root,
      );
  }
}

const FILES: { [name: string]: Entry } = {
  'top.png': PNG,
  coco: {
    'a.jpg': JPEG,
    'b.png': PNG,
    'c.JPG': JPEG,
    'c.Png': PNG,
    'd.gif': PNG,
    'd.webp': PNG,
    'e.jpg': PNG,
    noext: PNG,
    'noext.jpg': JPEG,
  },
  odd: {
    'folder.png': { 'x.png': PNG },
    'socket.png': 'socket',
    'both.png': { 'x.png': PNG },
    'both.jpg': JPEG,
  },
  bad: {
    'empty.png': Buffer.alloc(0),
    'html.jpg': Buffer.from('<html>404'),
    'cut.png': PNG.subarray(0, 5),
    'locked.png': 'unreadable',
    'empty.jpg': JPEG,
  },
  closed: 'closed',
  links: {
    'near.png': '-> ../coco/b.png',
    'far.png': '-> /root/coco/b.png',
    'out.png': '-> /outside/secret.png',
    'up.png': '-> ../../secret.png',
    'broken.png': '-> nothing.png',
    'broken.jpg': JPEG,
    'loop.png': '-> loop.png',
    'chain.png': '-> near.png',
    'other.jpg': '-> /outside/secret.jpg',
    'folder.png': '-> ../coco',
    coco: '-> ../coco',
    away: '-> /outside',
  },
};

async function resolved(name: string, verify?: VerifyLevel) {
  const finding = await new ImageIndex(new FakeFiles(FILES), verify).resolve(name);
  return 'problem' in finding ? finding.problem : finding.found;
}

describe('ImageIndex', () => {
  it.each([
    ['a file that is there', 'coco/a.jpg', 'coco/a.jpg'],
    ['a file at the root', 'top.png', 'top.png'],
    ['no extension, and there', 'coco/noext', 'coco/noext'],
    ['another extension', 'coco/b.jpg', 'coco/b.png'],
    ['no extension', 'coco/b', 'coco/b.png'],
    ['an extension that no picture has', 'coco/b.txt', 'coco/b.png'],
    ['capitals, jpg before jpeg and gif', 'coco/c.gif', 'coco/c.Png'],
    ['the first of two', 'coco/d.png', 'coco/d.gif'],
    [
      'a name with dots and slashes in it, kept as it is written',
      './coco//../coco/b.jpg',
      './coco//../coco/b.png',
    ],
    ['bytes of another type', 'coco/e.jpg', 'coco/e.jpg'],
    ['a folder where a file should be', 'odd/both.png', 'odd/both.jpg'],
    ['a link to a file', 'links/near.png', 'links/near.png'],
    ['a link from the root', 'links/far.png', 'links/far.png'],
    ['a link to a link', 'links/chain.png', 'links/chain.png'],
    ['a link to a folder', 'links/coco/a.jpg', 'links/coco/a.jpg'],
    ['another extension behind a link', 'links/coco/a.png', 'links/coco/a.jpg'],
    ['another extension than a broken link', 'links/broken.png', 'links/broken.jpg'],
    ['nothing', 'coco/z.jpg', 'IMAGE_MISSING'],
    ['no such folder', 'nowhere/a.jpg', 'IMAGE_MISSING'],
    ['a file as a folder', 'top.png/a.png', 'IMAGE_MISSING'],
    ['a slash at the end', 'top.png/', 'IMAGE_MISSING'],
    ['a folder', 'coco', 'IMAGE_MISSING'],
    ['a folder named like a picture', 'odd/folder.png', 'IMAGE_MISSING'],
    ['a socket named like a picture', 'odd/socket.png', 'IMAGE_MISSING'],
    ['a link to a folder named like a picture', 'links/folder.png', 'IMAGE_MISSING'],
    ['a circular link', 'links/loop.png', 'IMAGE_MISSING'],
    ['a backslash, which is no separator here', 'coco\\a.jpg', 'IMAGE_MISSING'],
    ['no bytes, though another extension has some', 'bad/empty.png', 'IMAGE_EMPTY'],
    ['a page instead of a picture', 'bad/html.jpg', 'IMAGE_UNKNOWN'],
    ['half a header', 'bad/cut.png', 'IMAGE_UNKNOWN'],
    ['a file that may not be read', 'bad/locked.png', 'IMAGE_UNREADABLE'],
    ['a folder that may not be read', 'closed/a.png', 'IMAGE_UNREADABLE'],
    ['a name that leaves the root', '../coco/a.jpg', 'PATH_ESCAPE'],
    ['a link that leaves the root', 'links/out.png', 'PATH_ESCAPE'],
    ['a link that leaves the root step by step', 'links/up.png', 'PATH_ESCAPE'],
    ['a folder that is a link out of the root', 'links/away/a.png', 'PATH_ESCAPE'],
    ['.. behind a link, out of the root', 'links/coco/../../x.png', 'PATH_ESCAPE'],
    ['only a link out of the root under another extension', 'links/other.png', 'IMAGE_MISSING'],
  ])('%s: %s is %s', async (_, name, expected) => {
    expect(await resolved(name)).toBe(expected);
  });

  it('does not open files at level exists', async () => {
    const files = new FakeFiles(FILES);
    const index = new ImageIndex(files, 'exists');
    expect(await index.resolve('bad/html.jpg')).toEqual({ found: 'bad/html.jpg' });
    expect(await index.resolve('bad/empty.png')).toEqual({ found: 'bad/empty.png' });
    expect(files.calls).toEqual(['list ', 'list bad']);
  });

  it('tells size and type of what the bytes are', async () => {
    const index = new ImageIndex(new FakeFiles(FILES));
    expect(await index.resolve('coco/e.jpg')).toEqual({ found: 'coco/e.jpg', size: 12, type: 'png' });
  });

  it.each([
    ['a.png', { found: 'a.png', size: 12, type: 'png' }],
    ['print.jpg', { found: 'print.jpg', size: 16, type: 'jpeg', notes: ['cmyk'] }],
    [
      'half.png',
      { problem: 'IMAGE_CORRUPT', detail: 'image: "half.png" cannot be decoded: it is cut short or damaged' },
    ],
    [
      'slow.png',
      { problem: 'IMAGE_TOO_LARGE', detail: 'image: "slow.png" takes more than 60000 ms to decode' },
    ],
    ['empty.png', { problem: 'IMAGE_EMPTY', detail: 'image: "empty.png" has 0 bytes' }],
    ['page.png', { problem: 'IMAGE_UNKNOWN' }],
    ['locked.png', { problem: 'IMAGE_UNREADABLE' }],
    ['socket.png', { problem: 'IMAGE_MISSING' }],
    ['../a.png', { problem: 'PATH_ESCAPE' }],
  ])('level decode: %s is %j', async (name, expected) => {
    const files = new FakeFiles({
      'a.png': PNG,
      'print.jpg': Buffer.concat([JPEG, Buffer.from('cmyk')]),
      'half.png': Buffer.concat([PNG, Buffer.from('damaged')]),
      'slow.png': Buffer.concat([PNG, Buffer.from('too slow')]),
      'empty.png': Buffer.alloc(0),
      'page.png': Buffer.from('<html>'),
      'locked.png': 'unreadable',
      'socket.png': 'socket',
    });
    const index = new ImageIndex(files, 'decode');
    expect(await index.resolve(name)).toMatchObject(expected);
    expect(await index.resolve(name)).toEqual(index.get(name));
    expect(files.calls.filter((call) => call.startsWith('decode')).length).toBeLessThanOrEqual(1);
    expect(files.calls.filter((call) => call.startsWith('header'))).toEqual([]);
  });

  it('reads the bytes of a picture that it finds, and of nothing else', async () => {
    const files = new FakeFiles({ ...FILES, 'large.png': Buffer.concat([PNG, Buffer.alloc(100)]) });
    const index = new ImageIndex(files);
    expect(await index.readBytes('links/coco/b.jpg')).toEqual(PNG);
    for (const [name, code] of [
      ['bad/html.jpg', 'IMAGE_UNKNOWN'],
      ['links/out.png', 'PATH_ESCAPE'],
      ['large.png', 'IMAGE_TOO_LARGE'],
    ] as const)
      expect(await index.readBytes(name)).toMatchObject({ problem: code });
    expect(files.calls.filter((call) => call.startsWith('bytes'))).toEqual([
      'bytes coco/b.png',
      'bytes large.png',
    ]);
  });

  it('tells a picture that goes away between being found and being read', async () => {
    const files = new FakeFiles(FILES);
    const index = new ImageIndex(files);
    await index.resolve('top.png');
    files.readBytes = () => Promise.resolve('missing');
    expect(await index.readBytes('top.png')).toMatchObject({ problem: 'IMAGE_MISSING' });
    files.readBytes = () => Promise.resolve('unreadable');
    expect(await index.readBytes('top.png')).toMatchObject({ problem: 'IMAGE_UNREADABLE' });
  });

  it('closes its files', async () => {
    const files = new FakeFiles(FILES);
    await new ImageIndex(files).close();
    expect(files.calls).toEqual(['close']);
  });

  it('remembers: each folder is listed once, each image read once', async () => {
    const files = new FakeFiles(FILES);
    const index = new ImageIndex(files);
    expect(index.get('coco/a.jpg')).toBeUndefined();
    const names = ['coco/a.jpg', 'coco/a.png', 'coco/a.jpg', 'links/coco/a.jpg', 'coco/z.jpg', 'coco/y.jpg'];
    await Promise.all(names.map((name) => index.resolve(name)));
    await Promise.all(names.map((name) => index.resolve(name)));
    expect([...files.calls].sort()).toEqual([
      'header coco/a.jpg',
      'link links/coco',
      'list ',
      'list coco',
      'list links',
    ]);
    expect(index.get('coco/a.jpg')).toMatchObject({ found: 'coco/a.jpg' });
    expect(index.get('coco/z.jpg')).toMatchObject({ problem: 'IMAGE_MISSING' });
  });

  it('looks at a bounded number of images at a time', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}.png`, PNG]));
    const files = new FakeFiles(many);
    const index = new ImageIndex(files, 'decode');
    await Promise.all(Object.keys(many).map((name) => index.resolve(name)));
    expect(files.mostOpen).toBe(HEADER_READS);
  });

  it('refuses an absolute name also where its folder is known and holds such a file', async () => {
    const index = new ImageIndex(new FakeFiles(FILES));
    await index.resolve('top.png');
    await index.resolve('coco/a.jpg');
    for (const name of ['/top.png', '//top.png', '/coco/a.jpg', '\\top.png', 'c:top.png'])
      expect([name, await index.resolve(name)]).toMatchObject([name, { problem: 'PATH_ESCAPE' }]);
    for (const name of ['./top.png', 'coco//a.jpg', 'links/../top.png'])
      expect([name, await index.resolve(name)]).toMatchObject([name, { found: name }]);
  });

  it('asks nothing for names that leave the root, and never follows a link out of it', async () => {
    const files = new FakeFiles(FILES);
    const index = new ImageIndex(files);
    for (const name of ['../x.png', '/x.png', 'C:\\x.png', '%2e%2e/x.png']) await index.resolve(name);
    expect(files.calls).toEqual([]);
    await index.resolve('links/away/x.png');
    expect(files.calls).toEqual(['list ', 'list links', 'link links/away']);
  });

  it('says what is wrong', async () => {
    const index = new ImageIndex(new FakeFiles(FILES));
    expect(await index.resolve('bad/empty.png')).toEqual({
      problem: 'IMAGE_EMPTY',
      detail: 'image: "bad/empty.png" has 0 bytes',
    });
  });

  it('gives every waiting sample the error of a machine that fails', async () => {
    const files = new FakeFiles(FILES);
    files.list = () => Promise.reject(new Error('EIO'));
    const index = new ImageIndex(files);
    const results = await Promise.allSettled([index.resolve('coco/a.jpg'), index.resolve('coco/b.jpg')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('ImageIndex: looking ahead', () => {
  const likeness = (index: ImageIndex, name: string) => {
    const bytes = Buffer.from(name);
    return index.likenessesOf([{ bytes, begin: 0, end: bytes.length }])[0] ?? 0;
  };

  it.each(['read', 'left to be looked at alone', 'no quicker'])(
    'finds the same where many files are %s',
    async (way) => {
      const asked: string[][] = [];
      const files: ImageFiles = Object.assign(new FakeFiles(FILES), {
        readHeaders(paths: readonly string[]) {
          asked.push([...paths]);
          if (way === 'no quicker') return undefined;
          const sizes = Float64Array.from(paths, () => (way === 'read' ? PNG.length : -1));
          const lengths = Uint8Array.from(paths, () => 12);
          return Promise.resolve({
            sizes,
            lengths,
            headers: Buffer.concat(
              paths.map(() => PNG.subarray(0, 12)),
              12 * paths.length,
            ),
          });
        },
      });
      const index = new ImageIndex(files);
      await index.resolve('coco/nothing.png');
      const names = ['coco/b.png', 'coco/e.jpg', 'coco/b.png'];
      expect(names.map((name) => likeness(index, name))).toEqual([0, 0, 0]);
      await index.lookAhead();
      expect(asked).toEqual([['coco/b.png', 'coco/e.jpg']]);
      const found = await Promise.all(names.map((name) => index.resolve(name)));
      expect(found).toEqual(names.map((found) => ({ found, size: PNG.length, type: 'png' })));
      expect(likeness(index, 'coco/b.png')).toBeGreaterThan(0);
      expect(likeness(index, 'coco/e.jpg')).not.toBe(likeness(index, 'coco/b.png'));
    },
  );
});
