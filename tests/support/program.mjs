// A client that is somebody else's program: its standard input is what is typed, its output what it shows.
import { spawn } from 'node:child_process';
import { RawClient } from './raw_clients.mjs';
import { track } from './daemon.mjs';
import { LineSplitter } from './wait.mjs';

export class Program extends RawClient {
  constructor(name, command, { lineEnd = '\n', env = process.env } = {}) {
    super(name);
    this.lineEnd = lineEnd;
    this.proc = track(spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], env }));
    const splitter = new LineSplitter((line) => this.inbox.push(line));
    this.proc.stdin.on('error', () => {});  // it may end before all is typed; what it did not get will be missed
    this.proc.stdout.on('data', (chunk) => splitter.push(chunk));
    this.proc.on('error', (error) => this.inbox.end(`${name} does not start: ${error.message}`));
    this.proc.on('close', (code, signal) => this.finish({ code, signal, rest: splitter.rest }));
  }

  connect(options) { return this.greeted(options); }
  say(text) { return new Promise((resolve) => this.proc.stdin.write(text + this.lineEnd, resolve)); }
  endInput() { this.proc.stdin.end(); }
  signal(name) { this.proc.kill(name); }

  async close() {
    this.proc.kill('SIGKILL');
    await this.whenClosed();
  }
}
