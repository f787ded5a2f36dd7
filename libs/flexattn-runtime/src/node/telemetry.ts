/**
 * From 1.29 on ONNX Runtime's official builds tell Microsoft the names, hashes and timings of the models that a process
 * opens, and leave a log in the temporary folder, unless this is set before the first session
 * (https://github.com/microsoft/onnxruntime/pull/27379).
 */
export const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' } as const;

/**
 * Called before the first session, and in the main thread before a worker thread that opens one: there, native code does
 * not see what is set. A user's own setting stays.
 */
export function refuseTelemetry(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(NO_TELEMETRY)) environment[name] ??= value;
}
