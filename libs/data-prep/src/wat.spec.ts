import { describe, expect, it } from 'vitest';
import { assemble } from './wat.js';

/** What is used of the global of that name, which Node's types leave out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { exports: object };
};

function run(body: string, ...args: number[]): number {
  const text = `(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
    (func $twice (param $x i32) (result i32) (i32.add (local.get $x) (local.get $x)))
    (func (export "run") (param $a i32) (param $b i32) (result i32) (local $v v128) (local $i i32) ${body}))`;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(text)));
  return (exports as { run(...all: number[]): number }).run(...args);
}

describe('assemble', () => {
  it.each([
    ['constants, also large and negative ones', '(i32.const -123456789)', [], -123_456_789],
    ['constants of 64', '(i32.const 64)', [], 64],
    ['parameters and arithmetic', '(i32.sub (local.get $a) (local.get $b))', [7, 9], -2],
    ['calls', '(call $twice (call $twice (local.get $a)))', [3], 12],
    ['globals', '(global.set $g (local.get $a)) (i32.xor (global.get $g) (i32.const 1))', [6], 7],
    [
      'conditions',
      '(if (local.get $a) (then (return (i32.const 1))) (else (return (i32.const 2)))) (i32.const 3)',
      [0],
      2,
    ],
    ['a condition alone', '(if (local.get $a) (then (return (i32.const 1)))) (i32.const 3)', [0], 3],
    [
      'loops and blocks, by their labels',
      `(block $out (loop $again
        (br_if $out (i32.eq (local.get $i) (local.get $a)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.const 1) (then (br $again)))))
       (local.get $i)`,
      [200],
      200,
    ],
    [
      'memory and vectors',
      `(i32.store offset=300 (i32.const 0) (i32.const 0x41420041))
       (local.set $v (v128.load offset=284 (i32.const 14)))
       (i8x16.bitmask (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x41))))`,
      [],
      0b100100,
    ],
    [
      '64 bits',
      '(i32.eqz (i64.ne (i64.and (i64.load (local.get $a)) (i64.const -1)) (i64.const 0)))',
      [8],
      1,
    ],
  ])('takes %s', (_, body, args, expected) => {
    expect(run(body, ...args)).toBe(expected);
  });

  it('leaves comments out', () => {
    expect(run(';; (unknown "\n(i32.const 1)')).toBe(1);
  });

  it.each([
    ['another thing than a module', '(func)', 'expected (module'],
    ['an unknown instruction', '(module (func (f64.add)))', 'unknown instruction f64.add'],
    ['an unknown name', '(module (func (local.get $x)))', 'unknown local $x'],
    ['an unknown label', '(module (func (block $a (br $b))))', 'unknown label $b'],
    ['an unknown type', '(module (func (param $a f32)))', 'unknown type f32'],
    ['a word in the place of an instruction', '(module (func (block $a nop)))', 'expected a bracket'],
    ['a bracket that is not closed', '(module', 'expected one module'],
    ['a bracket too many', '(module))', 'a bracket is closed'],
    ['two modules', '(module) (module)', 'expected one module'],
  ])('refuses %s', (_, text, message) => {
    expect(() => assemble(text)).toThrow(message);
  });
});
