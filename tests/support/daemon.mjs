// Starts the built program, says where it listens, and sees to it that it ends well.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Inbox, LineSplitter, SLOW, defer, within } from './wait.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SANITIZER_REPORT = /ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:/;
const DEFAULTS = {
  '--tcp': '127.0.0.1:0', '--udp': '127.0.0.1:0', '--http': '127.0.0.1:0',
  '--journal': 'memory', '--log-level': 'info',
};

export const binary = () => process.env.CHATBRIDGE_BIN ?? `${ROOT}build/release/chatbridge`;

// Whatever way the test process ends, no program of its outlives it.
const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGKILL'); });
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1));

export function track(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

// The environment without settings that would reach the daemon by accident.
export function cleanEnv(extra = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('CHATBRIDGE_'));
  return { ...Object.fromEntries(kept), ...extra };
}

// Tests send as fast as they can; those about the limit set it themselves.
const UNLIMITED = 'limits.rate=0';

function withDefaults(args) {
  const named = (flag) => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const missing = Object.entries(DEFAULTS).filter(([flag]) => !named(flag)).flat();
  const rate = args.some((arg) => arg.startsWith('limits.rate=')) ? [] : ['--set', UNLIMITED];
  return [...args, ...missing, ...rate];
}

function launch(bin, file, args, env, stdio) {
  if (!existsSync(bin)) throw new Error(`${bin} is not there: run script/build, or set CHATBRIDGE_BIN`);
  return track(spawn(file, args, { env: cleanEnv(env), stdio, cwd: ROOT }));
}

// `ready tcp=127.0.0.1:4711 udp=none http=[::1]:80,127.0.0.1:80` -> {tcp: ['127.0.0.1:4711'], udp: [], …}
export function parseReady(line) {
  const match = /^ready tcp=(\S+) udp=(\S+) http=(\S+)$/.exec(line);
  if (!match) return undefined;
  const list = (text) => (text === 'none' ? [] : text.split(','));
  return { tcp: list(match[1]), udp: list(match[2]), http: list(match[3]) };
}

const firstPort = (addresses) => (addresses.length ? Number(/:(\d+)$/.exec(addresses[0])[1]) : undefined);

class Daemon {
  #stderr = new Inbox('the log');
  #exit = defer();
  #code = undefined;
  #ended = false;
  #killed = null;

  constructor(child) {
    this.proc = child;
    this.pid = child.pid;
    this.exited = this.#exit.promise;
    const lines = new LineSplitter((line) => this.#stderr.push(line));
    child.stderr.on('data', (chunk) => {
      lines.push(chunk);
      if (process.env.CHATBRIDGE_TEST_LOG) process.stderr.write(chunk);
    });
    child.once('error', (error) => this.#exit.reject(error));
    child.once('close', (code, signal) => {
      if (lines.rest) this.#stderr.push(lines.rest);
      this.#ended = true;
      this.#code = code;
      this.#stderr.end(`chatbridge ended (${code ?? signal})`);
      this.#exit.resolve({ code, signal });
    });
  }

  async ready() {
    const { item } = await this.#stderr.find((line) => parseReady(line), 'the ready line', { ms: 15_000 * SLOW });
    this.listeners = parseReady(item);
    this.tcp = firstPort(this.listeners.tcp);
    this.udp = firstPort(this.listeners.udp);
    this.http = firstPort(this.listeners.http);
    return this;
  }

  log() {
    return this.#stderr.items.join('\n');
  }

  // Waits for a log line, past ones included.
  async logged(match, what, ms) {
    return (await this.#stderr.find(match, what, { ms })).item;
  }

  // Waits until so many lines of the log match, and gives how many do.
  async loggedTimes(match, count, what) {
    const matching = (lines) => lines.filter((line) => match.test(line)).length;
    await this.#stderr.until((lines) => matching(lines) >= count, what);
    return matching(this.#stderr.items);
  }

  kill(signal = 'SIGKILL') {
    this.#killed = signal;
    this.proc.kill(signal);
  }

  // Ends the daemon with SIGTERM and gives its exit code. Fails on any code but 0 (unless the test killed it), on a
  // sanitizer's report, and after 15 s.
  async stop() {
    if (!this.#ended && this.#killed === null) this.proc.kill('SIGTERM');
    let result;
    try {
      result = await within(this.exited, () => `the daemon ends; its log:\n${this.log()}`, 15_000 * SLOW);
    } finally {
      if (!this.#ended) this.proc.kill('SIGKILL');
    }
    if (SANITIZER_REPORT.test(this.log())) throw new Error(`a sanitizer reported:\n${this.log()}`);
    if (this.#killed === null && result.code !== 0) {
      throw new Error(`the daemon ended with ${result.code ?? result.signal}:\n${this.log()}`);
    }
    return this.#code;
  }

  rss() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) * 1024;
  }

  // CPU time used so far by all its threads, in clock ticks (100 a second on Linux).
  cpuTicks() {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }
}

// Starts a daemon on free loopback ports. `prefix` runs it under another program, e.g. ['prlimit', '--nofile=64:64'];
// with `bare` it gets these arguments and no others.
export async function startDaemon({ args = [], env = {}, bin = binary(), prefix = [], bare = false } = {}) {
  const [file, ...rest] = [...prefix, bin, ...(bare ? args : withDefaults(args))];
  const daemon = new Daemon(launch(bin, file, rest, env, ['ignore', 'ignore', 'pipe']));
  try {
    return await daemon.ready();
  } catch (error) {
    daemon.kill('SIGKILL');
    throw error;
  }
}

// Runs the binary with exactly these arguments to its end.
export async function run(args, { env = {}, ms = 15_000 * SLOW } = {}) {
  const child = launch(binary(), binary(), args, env, ['ignore', 'pipe', 'pipe']);
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => { out[name] += chunk; });
  const ended = defer();
  child.once('error', ended.reject);
  child.once('close', (code, signal) => ended.resolve({ code, signal, ...out }));
  try {
    return await within(ended.promise, () => `chatbridge ${args.join(' ')} ends; stderr so far:\n${out.stderr}`, ms);
  } finally {
    child.kill('SIGKILL');
  }
}
