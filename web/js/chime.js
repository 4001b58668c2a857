// Two short notes, made by the browser: no file.

const NOTES = [[0, 660], [0.09, 880]];   // [seconds, Hz]
const LENGTH = 0.22;
const LOUD = 0.09;
const REST = 2_000;                      // at most one in this time

export class Chime {
  #context = null;
  #last = -Infinity;

  constructor(scope = globalThis) { this.scope = scope; }

  get possible() { return typeof this.scope.AudioContext === 'function'; }

  /** False when there was nothing to hear: too soon, or the browser does not let a page that nobody has touched. */
  play(now = Date.now()) {
    if (!this.possible || now - this.#last < REST) return false;
    this.#last = now;
    try {
      this.#context ??= new this.scope.AudioContext();
      if (this.#context.state === 'suspended') this.#context.resume().catch(() => {});
      for (const [at, pitch] of NOTES) this.#note(this.#context.currentTime + at, pitch);
      return true;
    } catch {
      return false;
    }
  }

  #note(at, pitch) {
    const tone = this.#context.createOscillator();
    const gain = this.#context.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUD, at + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + LENGTH);
    tone.connect(gain).connect(this.#context.destination);
    tone.start(at);
    tone.stop(at + LENGTH);
  }
}
