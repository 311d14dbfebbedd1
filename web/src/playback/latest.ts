/** Work of which only the newest counts: a picture that was scrubbed past need not come. */

export class Latest<T> {
  private waiting: { value: T } | null = null;
  private isBusy = false;
  private isClosed = false;

  constructor(
    private readonly work: (value: T) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Works on a value; what waited behind the work that runs is forgotten. */
  push(value: T): void {
    if (this.isClosed) return;
    this.waiting = { value };
    if (!this.isBusy) void this.run();
  }

  /** Forgets what waits. */
  clear(): void {
    this.waiting = null;
  }

  close(): void {
    this.isClosed = true;
    this.waiting = null;
  }

  private async run(): Promise<void> {
    this.isBusy = true;
    while (this.waiting !== null) {
      const { value } = this.waiting;
      this.waiting = null;
      try {
        await this.work(value);
      } catch (error) {
        if (!this.isClosed) this.onError(error);
      }
    }
    this.isBusy = false;
  }
}
