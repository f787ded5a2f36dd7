import type { DirectMode } from './direct-mode.js';
import { evalDirect } from './eval-direct.js';
import { cleanDirect } from './clean-direct.js';
import { compileDirect } from './compile-direct.js';
import { initDirect } from './init-direct.js';
import { inferDirect } from './infer-direct.js';
import { reportDirect } from './report-direct.js';

/** The stages that run on paths too. */
export const DIRECT_MODES: Readonly<Record<string, DirectMode>> = {
  clean: cleanDirect,
  compile: compileDirect,
  eval: evalDirect,
  init: initDirect,
  infer: inferDirect,
  report: reportDirect,
};
