// Directories for journals, and a daemon that is killed and comes back with the journal it had.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from './daemon.mjs';

// A directory of the test's own, gone after it.
export function stateDirectory(t) {
  const path = mkdtempSync(join(tmpdir(), 'chatbridge-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

// One journal, one daemon after another. Each life has ports of its own.
export class Lives {
  constructor(directory, args = []) {
    this.args = ['--journal', `sqlite:${join(directory, 'journal.db')}`, ...args];
  }

  async start(options = {}) {
    this.daemon = await startDaemon({ args: this.args, ...options });
    return this.daemon;
  }

  // As a crash of the process: nothing is said, nothing is flushed.
  async kill() {
    this.daemon.kill('SIGKILL');
    await this.daemon.exited;
  }

  async restart(options) {
    await this.kill();
    return this.start(options);
  }
}

// All that the journal has of a room, oldest first, by HTTP.
export async function history(port, room = 'lobby') {
  const messages = [];
  for (let after = 0; ;) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/rooms/${room}/messages?after=${after}&limit=1000`);
    if (answer.status !== 200) throw new Error(`history: ${answer.status} ${await answer.text()}`);
    const page = await answer.json();
    messages.push(...page.messages);
    if (!page.more) return messages;
    after = page.messages.at(-1).seq;
  }
}
