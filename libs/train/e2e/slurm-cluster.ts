import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const UP_MS = 60_000;

/** Slurm with two machines that are this one, in a folder of its own: munged, slurmctld and two slurmd. */
export class SlurmCluster {
  readonly #daemons = new Map<string, ChildProcess>();

  private constructor(
    readonly folder: string,
    readonly conf: string,
  ) {}

  static async start(): Promise<SlurmCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-slurm-'));
    await chmod(folder, 0o755);
    const cluster = new SlurmCluster(folder, join(folder, 'slurm.conf'));
    await mkdir(join(folder, 'state'));
    await writeFile(cluster.conf, await configuration(folder));
    try {
      await cluster.#startDaemons();
    } catch (error) {
      await cluster.#stopDaemons();
      throw error;
    }
    return cluster;
  }

  async startController(): Promise<void> {
    this.#start('slurmctld', 'slurmctld', ['-D']);
    await until(() => this.ask('scontrol', ['ping']).includes('UP'));
  }

  async stopController(): Promise<void> {
    await this.#stop('slurmctld');
  }

  async stop(): Promise<void> {
    this.ask('scancel', ['--me']);
    await until(() => this.ask('squeue', ['-h']) === '');
    await this.#stopDaemons();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What one of Slurm's commands prints. */
  ask(program: string, args: readonly string[]): string {
    return spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, SLURM_CONF: this.conf } })
      .stdout;
  }

  async #startDaemons(): Promise<void> {
    await this.#startMunge();
    await this.startController();
    for (const node of ['n1', 'n2']) this.#start(node, 'slurmd', ['-D', '-N', node]);
    await until(() => this.ask('sinfo', ['-h', '-o', '%t %D']).trim() === 'idle 2');
  }

  async #stopDaemons(): Promise<void> {
    for (const name of [...this.#daemons.keys()].reverse()) await this.#stop(name);
  }

  async #startMunge(): Promise<void> {
    const dir = join(this.folder, 'munge');
    const key = join(dir, 'key');
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, 'munge']).stdout));
    if (uid === undefined || gid === undefined) throw new Error('there is no user "munge"');
    await mkdir(dir);
    await writeFile(key, randomBytes(1024), { mode: 0o400 });
    for (const path of [dir, key]) await chown(path, uid, gid);
    const files = { 'key-file': key, socket: join(dir, 'socket'), 'log-file': join(dir, 'log') };
    const more = { 'pid-file': join(dir, 'pid'), 'seed-file': join(dir, 'seed') };
    const args = Object.entries({ ...files, ...more }).map(([name, path]) => `--${name}=${path}`);
    this.#start('munged', 'munged', ['--foreground', ...args], { uid, gid });
    await until(() => spawnSync('munge', ['-n', `--socket=${files.socket}`]).status === 0);
  }

  #start(
    name: string,
    program: string,
    args: readonly string[],
    user: { uid?: number; gid?: number } = {},
  ): void {
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, SLURM_CONF: this.conf };
    this.#daemons.set(name, spawn(program, args, { env, stdio: 'ignore', ...user }));
  }

  async #stop(name: string): Promise<void> {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    const timer = setTimeout(() => daemon.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

async function configuration(folder: string): Promise<string> {
  const host = hostname().split('.')[0] ?? 'localhost';
  const [controller, n1, n2] = await freePorts(3);
  const node = (name: string, port: number | undefined) =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=2 RealMemory=2000`;
  return `${[
    'ClusterName=flexattn',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${folder}/munge/socket`,
    'CredType=cred/munge',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/slurmctld.log`,
    `SlurmdLogFile=${folder}/slurmd-%n.log`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'ReturnToService=2',
    'MpiDefault=none',
    'KillWait=5',
    node('n1', n1),
    node('n2', n2),
    'PartitionName=p Nodes=n1,n2 Default=YES State=UP',
  ].join('\n')}\n`;
}

/** Ports that nobody listens at now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    return address.port;
  });
  for (const server of servers) server.close();
  return ports;
}

/** Waits for something that daemons do in their own time. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + UP_MS; !isSo(); await wait(200)) {
    if (Date.now() > end) throw new Error(`waited ${UP_MS} ms in vain: ${isSo.toString()}`);
  }
}
