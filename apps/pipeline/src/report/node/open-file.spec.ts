import { describe, expect, it } from 'vitest';
import { openFile, opener } from './open-file.js';

describe('opener', () => {
  it.each([
    ['linux', ['xdg-open', ['a b.html']]],
    ['darwin', ['open', ['a b.html']]],
    ['win32', ['cmd', ['/c', 'start', '', 'a b.html']]],
  ] as const)('asks the program of %s', (platform, expected) => {
    expect(opener(platform, 'a b.html')).toEqual(expected);
  });
});

describe('openFile', () => {
  const exit = (code: number): [string, string[]] => [process.execPath, ['-e', `process.exit(${code})`]];

  it('is done when the program is', async () => {
    await expect(openFile('page.html', exit(0))).resolves.toBeUndefined();
  });

  it.each([
    ['fails', exit(3), /page\.html: .* it ended with 3; open it in a browser by hand/],
    ['is not there', ['no-such-program-here', []] as [string, string[]], /it cannot be started; open it/],
  ])('says what to do where the program %s', async (_, program, message) => {
    await expect(openFile('page.html', program)).rejects.toThrow(message);
  });
});
