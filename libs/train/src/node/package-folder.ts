import { fileURLToPath } from 'node:url';

/** The folder `python/` of this package, which holds `flexattn_train` and the locked requirements. */
export const packageFolder = fileURLToPath(new URL('../../python', import.meta.url));

/** Variables that a trainer may see: devices and how its processes talk. */
export const TRAINER_ENV = ['CUDA_*', 'NVIDIA_*', 'NCCL_*', 'GLOO_*', 'HIP_*', 'ROCR_*', 'TORCH_*'];

/** Variables that the interpreter may see where packages are installed: their index and its certificates too. */
export const PYTHON_ENV = [
  ...TRAINER_ENV,
  ...['PIP_*', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'XDG_CACHE_HOME'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
