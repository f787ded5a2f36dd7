import { expect, it } from 'vitest';
import { absent } from './session.js';

it.each([
  ['Failed to load shared library', 'DEVICE_ABSENT', /cannot use the device "cuda".*NVIDIA driver, CUDA 13/],
  ['BFCArena: Failed to allocate memory for requested buffer of size 33554432', 'OUT_OF_MEMORY', /33554432/],
  ['Available memory of 0 is smaller than requested bytes of 90177536', 'OUT_OF_MEMORY', /int8 or int4/],
  ['CUDA failure 2: out of memory ; GPU=0 ; hostname=x', 'OUT_OF_MEMORY', /another device/],
])('a session of a device that fails with "%s" is %s', (message, code, says) => {
  const error = absent('cuda', new Error(`${message}\nstack of the provider`));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(says);
  expect(error.message).not.toContain('stack of');
});
