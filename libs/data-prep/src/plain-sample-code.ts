/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 64 * 1024;

/** Where the facts of the last match lie in the memory, and where the bytes begin that are looked at. */
export const FACTS_AT = 0;
export const BYTES_AT = 64;

/** Bytes behind the ones that are looked at, which must be zero: no part of a sample goes on there. */
export const MARGIN = 32;

/** The bytes of a word as a number, the first the lowest, and a mask of as many bytes (numbers of 64 bits have a sign). */
const word = (text: string) =>
  [...text].reduceRight((value, letter) => (value << 8n) | BigInt(letter.charCodeAt(0)), 0n);
const mask = (text: string) => BigInt.asIntN(64, (1n << BigInt(8 * text.length)) - 1n);

/** Whether the word, of up to 8 bytes, does not stand at `$at`. */
const isNot = (text: string, at = '(local.get $i)', offset = 0) =>
  `(i64.ne (i64.and (i64.load offset=${offset} ${at}) (i64.const ${mask(text)})) (i64.const ${word(text)}))`;

const code = (letter: string) => `(i32.const ${letter.charCodeAt(0)})`;
const byteIs = (letter: string, offset = 0) =>
  `(i32.eq (i32.load8_u offset=${offset} (local.get $i)) ${code(letter)})`;
const byteIsNot = (letter: string) => `(i32.ne (i32.load8_u (local.get $i)) ${code(letter)})`;
const anyIs = (vector: string) => `(i8x16.eq (local.get $bytes) (local.get ${vector}))`;
const set = (name: string, value: string) => `(local.set ${name} ${value})`;
const skip = (count: number) => set('$i', `(i32.add (local.get $i) (i32.const ${count}))`);
const add = (name: string, count: number) =>
  `(global.set ${name} (i32.add (global.get ${name}) (i32.const ${count})))`;
const fail = '(return (i32.const 0))';
const failUnless = (letter: string) => `(if ${byteIsNot(letter)} (then ${fail}))`;
/** Goes on behind what `call` recognises, or fails. */
const follow = (call: string) => `${set('$i', call)} (if (i32.eqz (local.get $i)) (then ${fail}))`;
const skipSpace = '(local.set $i (call $space (local.get $i)))';

/** Which of the stored numbers, of four bytes each, is which fact. */
export const FACT = {
  imageBegin: 0,
  imageEnd: 1,
  promptBegin: 2,
  promptEnd: 3,
  promptEscape: 4,
  keys: 5,
  tags: 6,
  tagAt: 7,
  lessThans: 8,
  lineFeeds: 9,
  behindLineFeed: 10,
} as const;
const names = Object.keys(FACT);
export const FACT_COUNT = names.length;

const globals = [...names, 'escape', 'human'].map((name) => `(global $${name} (mut i32) (i32.const 0))`);
const reset = names.map((name) => `(global.set $${name} (i32.const 0))`);
const store = names.map(
  (name, i) => `(i32.store offset=${FACTS_AT + 4 * i} (i32.const 0) (global.get $${name}))`,
);

/**
 * Recognises a plain sample; see `PlainSample`. In WebAssembly text, because it looks at every byte of the file: sixteen
 * at a time, and as quick on its first sample as on its last. A function gives the place behind what it recognises, or 0.
 */
export const PLAIN_SAMPLE_CODE = `(module
  (memory (export "memory") 1)
  ${globals.join('\n  ')}

  ;; To behind the white space at $i.
  (func $space (param $i i32) (result i32)
    (local $byte i32)
    (loop $next
      ${set('$byte', '(i32.load8_u (local.get $i))')}
      (if (i32.eq (local.get $byte) ${code(' ')}) (then
        ${set(
          '$i',
          `(i32.add (local.get $i) (i32.ctz (i32.xor (i32.const -1) (i8x16.bitmask
            (i8x16.eq (v128.load (local.get $i)) (i8x16.splat ${code(' ')}))))))`,
        )}
        (br $next)))
      (if (i32.eq (local.get $byte) ${code('\n')}) (then
        ${skip(1)}
        ${add('$lineFeeds', 1)}
        (global.set $behindLineFeed (local.get $i))
        (br $next)))
      (if (i32.or (i32.eq (local.get $byte) ${code('\r')}) (i32.eq (local.get $byte) ${code('\t')})) (then
        ${skip(1)}
        (br $next))))
    (local.get $i))

  ;; From behind a key to where its value begins.
  (func $value (param $i i32) (result i32)
    ${skipSpace}
    ${failUnless(':')}
    (call $space (i32.add (local.get $i) (i32.const 1))))

  ;; To behind the quote that ends a string of printable ASCII without escapes.
  (func $word (param $i i32) (result i32)
    (local $bytes v128) (local $hits i32)
    (loop $next
      ${set('$bytes', '(v128.load (local.get $i))')}
      ${set(
        '$hits',
        `(i8x16.bitmask (v128.or
          (v128.or (i8x16.eq (local.get $bytes) (i8x16.splat ${code('"')}))
                   (i8x16.eq (local.get $bytes) (i8x16.splat ${code('\\')})))
          (v128.or (i8x16.lt_u (local.get $bytes) (i8x16.splat ${code(' ')}))
                   (i8x16.gt_u (local.get $bytes) (i8x16.splat ${code('~')})))))`,
      )}
      (if (i32.eqz (local.get $hits)) (then ${skip(16)} (br $next))))
    ${set('$i', '(i32.add (local.get $i) (i32.ctz (local.get $hits)))')}
    ${failUnless('"')}
    (i32.add (local.get $i) (i32.const 1)))

  ;; To behind an integer of digits alone, without a leading zero.
  (func $integer (param $i i32) (result i32)
    (local $begin i32)
    ${set('$begin', '(local.get $i)')}
    (loop $next
      (if (i32.lt_u (i32.sub (i32.load8_u (local.get $i)) ${code('0')}) (i32.const 10)) (then ${skip(1)} (br $next))))
    (if (i32.eq (local.get $i) (local.get $begin)) (then ${fail}))
    (if (i32.eq (i32.load8_u (local.get $begin)) ${code('0')}) (then
      (if (i32.ne (i32.sub (local.get $i) (local.get $begin)) (i32.const 1)) (then ${fail}))))
    (local.get $i))

  ;; To behind the quote that ends a text whose escapes are those that JSON.stringify writes: \\" \\\\ \\b \\f \\n \\r \\t.
  (func $text (param $i i32) (result i32)
    (local $bytes v128) (local $hits i32) (local $byte i32)
    (local $quote v128) (local $backslash v128) (local $less v128) (local $blank v128)
    ${set('$quote', `(i8x16.splat ${code('"')})`)}
    ${set('$backslash', `(i8x16.splat ${code('\\')})`)}
    ${set('$less', `(i8x16.splat ${code('<')})`)}
    ${set('$blank', `(i8x16.splat ${code(' ')})`)}
    (global.set $escape (i32.const 0))
    (loop $next
      ${set('$bytes', '(v128.load (local.get $i))')}
      ${set(
        '$hits',
        `(i8x16.bitmask (v128.or (v128.or ${anyIs('$quote')} ${anyIs('$backslash')})
          (v128.or ${anyIs('$less')} (i8x16.lt_u (local.get $bytes) (local.get $blank)))))`,
      )}
      (if (i32.eqz (local.get $hits)) (then ${skip(16)} (br $next)))
      ${set('$i', '(i32.add (local.get $i) (i32.ctz (local.get $hits)))')}
      (if ${byteIs('<')} (then
        ${add('$lessThans', 1)}
        (if ${isNot('<image>')} (then) (else
          ${add('$tags', 1)}
          (global.set $tagAt (local.get $i))))
        ${skip(1)}
        (br $next)))
      (if ${byteIs('\\')} (then
        ${set('$byte', '(i32.load8_u offset=1 (local.get $i))')}
        (block $known
          ${[...'n"\\trbf'].map((letter) => `(br_if $known (i32.eq (local.get $byte) ${code(letter)}))`).join('\n          ')}
          ${fail})
        (global.set $escape (local.get $i))
        ${skip(2)}
        (br $next))))
    ${failUnless('"')}
    (i32.add (local.get $i) (i32.const 1)))

  ;; To behind a speaker; sets $human.
  (func $speaker (param $i i32) (result i32)
    (global.set $human (i32.const 1))
    (if ${isNot('"human"')} (then) (else (return (i32.add (local.get $i) (i32.const 7)))))
    (if ${isNot('"user"')} (then) (else (return (i32.add (local.get $i) (i32.const 6)))))
    (global.set $human (i32.const 0))
    (if ${isNot('"gpt"')} (then) (else (return (i32.add (local.get $i) (i32.const 5)))))
    (if ${isNot('"system"')} (then) (else (return (i32.add (local.get $i) (i32.const 8)))))
    (if ${isNot('"assista')} (then ${fail}))
    (if ${isNot('nt"', undefined, 8)} (then ${fail}))
    (i32.add (local.get $i) (i32.const 11)))

  ;; To behind {"from": ..., "value": ...}.
  (func $turn (param $i i32) (result i32)
    (local $begin i32)
    ${failUnless('{')}
    ${skip(1)} ${skipSpace}
    (if ${isNot('"from"')} (then ${fail}))
    ${follow('(call $value (i32.add (local.get $i) (i32.const 6)))')}
    ${follow('(call $speaker (local.get $i))')}
    ${skipSpace}
    ${failUnless(',')}
    ${skip(1)} ${skipSpace}
    (if ${isNot('"value"')} (then ${fail}))
    ${follow('(call $value (i32.add (local.get $i) (i32.const 7)))')}
    ${failUnless('"')}
    ${skip(1)}
    ${set('$begin', '(local.get $i)')}
    ${follow('(call $text (local.get $i))')}
    ${add('$keys', 2)}
    (if (i32.and (global.get $human) (i32.eqz (global.get $promptEnd))) (then
      (global.set $promptBegin (local.get $begin))
      (global.set $promptEnd (i32.sub (local.get $i) (i32.const 1)))
      (global.set $promptEscape (global.get $escape))))
    ${skipSpace}
    ${failUnless('}')}
    (i32.add (local.get $i) (i32.const 1)))

  ;; To behind the bracket that ends the turns that begin at $i.
  (func $turns (param $i i32) (result i32)
    ${failUnless('[')}
    (loop $next
      ${skip(1)} ${skipSpace}
      ${follow('(call $turn (local.get $i))')}
      ${skipSpace}
      (br_if $next ${byteIs(',')}))
    ${failUnless(']')}
    (i32.add (local.get $i) (i32.const 1)))

  ;; To behind the member whose key has the second letter of "id", "image" or "conversations".
  (func $member (param $i i32) (result i32)
    ${add('$keys', 1)}
    (if ${byteIs('d', 2)} (then
      (if ${isNot('"id"')} (then ${fail}))
      ${follow('(call $value (i32.add (local.get $i) (i32.const 4)))')}
      (if ${byteIs('"')} (then (return (call $word (i32.add (local.get $i) (i32.const 1))))))
      (return (call $integer (local.get $i)))))
    (if ${byteIs('m', 2)} (then
      (if ${isNot('"image"')} (then ${fail}))
      ${follow('(call $value (i32.add (local.get $i) (i32.const 7)))')}
      ${failUnless('"')}
      ${skip(1)}
      (global.set $imageBegin (local.get $i))
      ${follow('(call $word (local.get $i))')}
      (global.set $imageEnd (i32.sub (local.get $i) (i32.const 1)))
      (if (i32.eq (global.get $imageBegin) (global.get $imageEnd)) (then ${fail}))
      (return (local.get $i))))
    (if ${isNot('"convers')} (then ${fail}))
    (if ${isNot('ations"', undefined, 8)} (then ${fail}))
    ${follow('(call $value (i32.add (local.get $i) (i32.const 15)))')}
    (call $turns (local.get $i)))

  ;; To behind the sample whose bracket stands at $i; the facts are stored.
  (func (export "match") (param $i i32) (result i32)
    (local $seen i32) (local $letter i32)
    ${reset.join(' ')}
    (loop $next
      ${skip(1)} ${skipSpace}
      ;; The lower bits of d, m and o differ: each key may stand once.
      ${set('$letter', '(i32.and (i32.load8_u offset=2 (local.get $i)) (i32.const 15))')}
      (if (i32.and (local.get $seen) (i32.shl (i32.const 1) (local.get $letter))) (then ${fail}))
      ${set('$seen', '(i32.or (local.get $seen) (i32.shl (i32.const 1) (local.get $letter)))')}
      ${follow('(call $member (local.get $i))')}
      ${skipSpace}
      (br_if $next ${byteIs(',')}))
    ${failUnless('}')}
    ;; "id" and "conversations" must be there.
    (if (i32.ne (i32.and (local.get $seen) (i32.const ${(1 << 4) | (1 << 15)})) (i32.const ${(1 << 4) | (1 << 15)})) (then ${fail}))
    ${store.join('\n    ')}
    (i32.add (local.get $i) (i32.const 1)))
)`;
