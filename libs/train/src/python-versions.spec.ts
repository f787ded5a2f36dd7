import { describe, expect, it } from 'vitest';
import { checkVersions } from './python-versions.js';

const full = {
  python: '3.11.7',
  torch: '2.13.0+cu130',
  safetensors: '0.8.0',
  numpy: '2.4.6',
  pillow: '13.0.0',
};

describe('checkVersions', () => {
  it.each([full, { ...full, torch: '2.6.0' }, { ...full, torch: '3.0.0a0' }, { ...full, python: '3.10.0' }])(
    'accepts %o',
    (found) => {
      expect(checkVersions(found, 'py')).toEqual(found);
    },
  );

  it.each([
    [{ ...full, torch: null }, /py: torch is missing; run "py" -m pip install .*\(PACKAGES_MISSING\)/],
    [{ ...full, safetensors: null, pillow: null }, /safetensors is missing, pillow is missing/],
    [{ ...full, torch: '2.5.1' }, /torch is 2\.5\.1, expected 2\.6 or later.*\(TORCH_TOO_OLD\)/],
    [{ ...full, torch: '1.13.0', numpy: null }, /torch is 1\.13\.0, .*numpy is missing/],
    [{ ...full, python: '3.9.18' }, /expected Python 3\.10 or later, got 3\.9\.18.*\(PYTHON_TOO_OLD\)/],
  ])('refuses %o', (found, message) => {
    expect(() => checkVersions(found, 'py')).toThrow(message);
  });
});
