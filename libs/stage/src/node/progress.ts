import { eventListener } from './tell.js';

/** Where progress is written: a terminal or a log. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

export interface ProgressOptions {
  /** What is going on: "clean", "train flexattn". */
  label: string;
  /** How much there is to do, in `unit`; left out when it is not known. */
  total?: number | undefined;
  /** "samples", "steps", "bytes". Bytes are shown in MB. */
  unit: string;
  /** Default: standard error, or events where somebody asked for them. */
  stream?: ProgressStream | undefined;
  quiet?: boolean | undefined;
  /** Milliseconds; for tests. */
  now?: (() => number) | undefined;
}

export interface Progress {
  /** `amount` more units are done; `detail` is shown beside the rate ("loss 0.31"). */
  advance(amount: number, detail?: string): void;
  /** Ends the line. Says nothing where the work took less than two seconds. */
  finish(detail?: string): void;
}

const FIRST_AFTER_MS = 2000;
const LIVE_EVERY_MS = 100;
const LOG_EVERY_MS = 5000;
/** Some terminals say that they have no columns. */
const UNKNOWN_COLUMNS = 100;

/**
 * One line with amount, rate and time left: redrawn on a terminal, a plain line every five seconds elsewhere.
 * Silent for the first two seconds, so that quick work prints nothing.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { label, total, unit, quiet = false, now = Date.now } = options;
  const listener = options.stream === undefined ? eventListener() : undefined;
  const stream = options.stream ?? process.stderr;
  const live = listener === undefined && stream.isTTY === true;
  const start = now();
  let done = 0;
  let shownAt = start + FIRST_AFTER_MS - LIVE_EVERY_MS;
  let shown = false;
  const show = (text: string) => {
    shown = true;
    stream.write(live ? `\r\u001b[2K${text.slice(0, (stream.columns || UNKNOWN_COLUMNS) - 1)}` : `${text}\n`);
  };
  const tell = (line: string, detail: string, finished: boolean) => {
    const seconds = Math.round((now() - start) / 100) / 10;
    const facts = { label, unit, done, ...(total === undefined ? {} : { total }), seconds };
    if (listener === undefined) return show(line);
    shown = true;
    listener({ event: 'progress', ...facts, ...(detail === '' ? {} : { detail }), finished });
  };
  return {
    advance(amount, detail = '') {
      done += amount;
      const time = now();
      if (quiet || time - shownAt < (live || !shown ? LIVE_EVERY_MS : LOG_EVERY_MS)) return;
      shownAt = time;
      tell(progressLine(label, done, total, unit, (time - start) / 1000, detail), detail, false);
    },
    finish(detail = '') {
      const seconds = (now() - start) / 1000;
      if (quiet || (!shown && seconds < FIRST_AFTER_MS / 1000)) return;
      const line = `${label}: ${amountOf(done, unit)} in ${duration(seconds)}${detail === '' ? '' : `, ${detail}`}`;
      tell(line, detail, true);
      if (live) stream.write('\n');
    },
  };
}

function progressLine(
  label: string,
  done: number,
  total: number | undefined,
  unit: string,
  seconds: number,
  detail: string,
): string {
  const rate = done / Math.max(seconds, 1e-3);
  const parts = [
    total === undefined ? amountOf(done, unit) : `${amountOf(done, unit)} of ${amountOf(total, unit)}`,
  ];
  parts.push(`${amountOf(rate, unit, 1)}/s`);
  if (total !== undefined && done > 0) parts.push(`${duration(Math.max(0, total - done) / rate)} left`);
  if (detail !== '') parts.push(detail);
  return `${label}: ${parts.join(', ')}`;
}

function amountOf(amount: number, unit: string, digits = 0): string {
  return unit === 'bytes'
    ? `${(amount / 1e6).toFixed(1)} MB`
    : `${amount.toFixed(amount < 100 ? digits : 0)} ${unit}`;
}

/** 75 -> "1 min 15 s". */
function duration(exactSeconds: number): string {
  const seconds = Math.round(exactSeconds);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
