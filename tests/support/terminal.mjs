// A program on a terminal of its own, and what that terminal shows.
import { spawn } from 'node:child_process';
import { cleanEnv, track } from './daemon.mjs';
import { Inbox, defer, within } from './wait.mjs';

// As much of a VT100 as line editors use (ECMA-48): enough to say what stands where.
export class Screen {
  constructor(columns) {
    this.columns = columns;
    this.rows = [[]];
    this.row = this.column = 0;
    this.rest = '';
  }

  write(text) {
    this.rest += text;
    for (;;) {
      const match = /^(?:\x1b\[([\d;?]*)([@-~])|\x1b[^[]|[^\x1b])/u.exec(this.rest);
      if (!match) return;
      this.rest = this.rest.slice(match[0].length);
      if (match[2]) this.#control(match[2], Number(match[1] || 0));
      else if (match[0][0] !== '\x1b') this.#put(match[0]);
    }
  }

  #control(command, n) {
    const by = Math.max(1, n);
    if (command === 'A') this.row = Math.max(0, this.row - by);
    else if (command === 'B') this.#to(this.row + by);
    else if (command === 'C') this.column = Math.min(this.columns - 1, this.column + by);
    else if (command === 'D') this.column = Math.max(0, this.column - by);
    else if (command === 'G') this.column = by - 1;
    else if (command === 'K' && n === 0) this.rows[this.row].length = Math.min(this.rows[this.row].length, this.column);
    else if (command === 'P') this.rows[this.row].splice(this.column, by);
    else if (command === '@') this.rows[this.row].splice(this.column, 0, ...' '.repeat(by));
    else if (command === 'J' && n === 0) {
      this.rows[this.row].length = Math.min(this.rows[this.row].length, this.column);
      this.rows.length = this.row + 1;
    } else if (!'hlm'.includes(command)) throw new Error(`the screen does not know ESC [ ${n} ${command}`);
  }

  #to(row) {
    this.row = row;
    while (this.rows.length <= row) this.rows.push([]);
  }

  #put(c) {
    if (c === '\r') this.column = 0;
    else if (c === '\n') this.#to(this.row + 1);
    else if (c === '\b') this.column = Math.max(0, this.column - 1);
    else if (c >= ' ') {
      if (this.column === this.columns) {  // a full row wraps when the next character comes
        this.#to(this.row + 1);
        this.column = 0;
      }
      const row = this.rows[this.row];
      while (row.length < this.column) row.push(' ');
      row[this.column++] = c;
    }
  }

  lines() {
    const lines = this.rows.map((row) => row.join('').trimEnd());
    while (lines.length && lines.at(-1) === '') lines.pop();
    return lines;
  }
}

export class Terminal {
  constructor(command, { columns = 40, env = {} } = {}) {
    this.screen = new Screen(columns);
    this.inbox = new Inbox('the terminal');
    this.bytes = '';
    const quoted = command.map((word) => `'${word}'`).join(' ');
    this.proc = track(spawn('script', ['-qec', `stty cols ${columns} rows 24; exec ${quoted}`, '/dev/null'],
      { stdio: ['pipe', 'pipe', 'inherit'], env: cleanEnv({ TERM: 'xterm', LC_ALL: 'C', ...env }) }));
    this.ended = defer();
    this.proc.stdin.on('error', () => {});
    this.proc.stdout.setEncoding('utf8');
    this.proc.stdout.on('data', (text) => {
      this.bytes += text;
      this.screen.write(text);
      this.inbox.poke();
    });
    this.proc.on('close', (code, signal) => {
      this.inbox.end(`the program on it ended (${code ?? signal}); it shows\n${this.screen.lines().join('\n')}`);
      this.ended.resolve(code ?? signal);
    });
  }

  type(text) { return new Promise((resolve) => this.proc.stdin.write(text, resolve)); }

  // Waits until the screen's last lines are these, the cursor behind the last character or in the named place.
  shows(...last) {
    const shown = () => this.screen.lines().slice(-last.length);
    return this.inbox.until(() => JSON.stringify(shown()) === JSON.stringify(last),
      { toString: () => `to show\n${last.join('\n')}\nand shows\n${this.screen.lines().join('\n')}` });
  }

  until(condition, what) { return this.inbox.until(() => condition(this.screen.lines()), what); }
  exit() { return within(this.ended.promise, () => `the program on the terminal ends; it shows\n${this.screen.lines().join('\n')}`); }

  async close() {
    this.proc.kill('SIGKILL');
    await this.exit();
  }
}
