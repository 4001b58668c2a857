// Notifications of the browser: one a place, so that the newest takes the place of the one before.

const LONGEST = 300;

export class Notifier {
  #open = new Map();   // key -> Notification
  #refused = false;    // the browser has them, but not for pages

  /** scope: where Notification and isSecureContext are. go(key): somebody clicked. */
  constructor(go, scope = globalThis) {
    this.go = go;
    this.scope = scope;
  }

  /** 'granted', 'default' (not asked yet), 'denied', 'insecure' or 'unsupported'. */
  get state() {
    const { Notification, isSecureContext } = this.scope;
    if (!isSecureContext) return 'insecure';
    if (this.#refused || typeof Notification !== 'function') return 'unsupported';
    return Notification.permission;
  }

  /** Only on somebody's click: browsers want that, and so do people. */
  async ask() {
    if (this.state === 'default') await this.scope.Notification.requestPermission();
    return this.state === 'granted';
  }

  /** False when it cannot be shown. */
  show(key, title, body) {
    if (this.state !== 'granted') return false;
    try {
      const note = new this.scope.Notification(title, { body: body.length > LONGEST ? `${body.slice(0, LONGEST)}…` : body, tag: `chatbridge ${key}`, renotify: true, silent: true });
      note.onclick = () => {
        this.scope.focus?.();
        note.close();
        this.go(key);
      };
      note.onclose = () => { if (this.#open.get(key) === note) this.#open.delete(key); };
      this.#open.set(key, note);
      return true;
    } catch {
      this.#refused = true;  // as on phones, where only a service worker may
      return false;
    }
  }

  withdraw(key) {
    this.#open.get(key)?.close();
    this.#open.delete(key);
  }
}
