import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../onnx/graph.js';
import { NO_TELEMETRY, refuseTelemetry } from './telemetry.js';

/** Opens a session, as a program without our library would. */
const SCRIPT = `
const { InferenceSession } = require(process.argv[1]);
InferenceSession.create(Buffer.from(process.argv[2], 'base64')).catch((error) => { throw error; });
`;

describe('telemetry of ONNX Runtime', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flexattn-telemetry-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is refused where the user has said nothing', () => {
    const environment: NodeJS.ProcessEnv = {};
    refuseTelemetry(environment);
    expect(environment).toEqual({ ORT_DISABLE_TELEMETRY: '1' });
  });

  it('stays as the user has set it', () => {
    const environment: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: '0' };
    refuseTelemetry(environment);
    expect(environment).toEqual({ ORT_DISABLE_TELEMETRY: '0' });
  });

  it('leaves no file in the temporary folder once it is refused', () => {
    const graph = new GraphBuilder('same');
    const x = graph.input('x', 'FLOAT', [1]);
    graph.output('y', graph.node('Identity', [x]), 'FLOAT', [1]);
    const path = createRequire(import.meta.url).resolve('onnxruntime-node');
    execFileSync(process.execPath, ['-e', SCRIPT, path, Buffer.from(graph.toBytes()).toString('base64')], {
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, ...NO_TELEMETRY },
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});
