/** Tells that a camera's footage grew. */

/** An event may be lost with its connection. */
const AT_LATEST_MS = 60_000;

export class Growth {
  private readonly waiting = new Set<() => void>();

  /** Calls back once, at the next growth or after a minute; returns what ends that. */
  next(callback: () => void): () => void {
    const stop = () => {
      clearTimeout(timer);
      this.waiting.delete(done);
    };
    const done = () => {
      stop();
      callback();
    };
    const timer = setTimeout(done, AT_LATEST_MS);
    this.waiting.add(done);
    return stop;
  }

  tell(): void {
    for (const done of [...this.waiting]) done();
  }
}
