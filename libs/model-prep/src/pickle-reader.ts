import { PickleMachine } from './pickle-machine.js';
import type { PickleHost } from './pickle-machine.js';
import { PickleDict, PickleTuple } from './pickle-value.js';
import type { PickleValue } from './pickle-value.js';

/**
 * The value of a protocol 2 pickle, as `torch.save` writes it for a state dict. Nothing is ever executed: there is no
 * way from a name in the file to code. Opcodes that a state dict does not need are refused, and so are names that
 * `host` does not list; stack, marks and memo are bounded.
 *
 * @throws ModelPrepError PICKLE_DAMAGED, PICKLE_OPCODE, PICKLE_GLOBAL, PICKLE_CALL, PICKLE_TOO_LARGE; NUMBER_TOO_LARGE
 * @see Python's pickletools.py
 */
export function readPickle(bytes: Uint8Array, file: string, host: PickleHost): PickleValue {
  const machine = new PickleMachine(bytes, file, host);
  if (machine.opcode() !== PROTO) machine.fail('PICKLE_DAMAGED', 'expected a pickle, got something else');
  const protocol = machine.byte();
  if (protocol !== 2) machine.fail('PICKLE_OPCODE', `expected pickle protocol 2, got ${protocol}`);
  for (;;) {
    const opcode = machine.opcode();
    if (opcode === STOP) return machine.result();
    const step = STEPS.get(opcode);
    if (!step) {
      const name = `0x${opcode.toString(16).padStart(2, '0')}`;
      return machine.fail('PICKLE_OPCODE', `expected an opcode that a state dict needs, got ${name}`);
    }
    step(machine);
  }
}

const PROTO = 0x80;
const STOP = 0x2e;
/** The opcodes that `torch.save` needs for a state dict, by byte. */
const STEPS: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map([
  [0x28, (m) => m.mark()], // MARK
  [0x29, (m) => m.push(new PickleTuple([]))], // EMPTY_TUPLE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.byte())], // BININT1
  [0x4d, (m) => m.push(m.uint16())], // BININT2
  [0x4e, (m) => m.push(null)], // NONE
  [0x51, (m) => m.persistent()], // BINPERSID
  [0x52, (m) => m.reduce()], // REDUCE
  [0x58, (m) => m.push(m.text(m.uint32()))], // BINUNICODE
  [0x62, (m) => m.build()], // BUILD
  [0x63, (m) => m.global()], // GLOBAL
  [0x68, (m) => m.get(m.byte())], // BINGET
  [0x6a, (m) => m.get(m.uint32())], // LONG_BINGET
  [0x71, (m) => m.put(m.byte())], // BINPUT
  [0x72, (m) => m.put(m.uint32())], // LONG_BINPUT
  [0x73, (m) => m.setItems([m.pop(), m.pop()].reverse())], // SETITEM
  [0x74, (m) => m.push(new PickleTuple(m.popToMark()))], // TUPLE
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x7d, (m) => m.push(new PickleDict())], // EMPTY_DICT
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x8a, (m) => m.push(m.long())], // LONG1
] satisfies [number, (machine: PickleMachine) => void][]);
