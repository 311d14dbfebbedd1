/** Which frame a video shows and how long frames last, for stepping one by one. */

const USUAL_SECONDS = 0.04;
const SHORTEST_SECONDS = 0.004;
const LONGEST_SECONDS = 2;
const KEPT = 12;

export class FrameWatch {
  private shownAt: number | null = null;
  private steps: number[] = [];
  private handle = 0;

  constructor(private readonly video: HTMLVideoElement) {
    this.wait();
  }

  /** The middle of the frame after or before the one that is shown, seconds of media time. */
  stepped(currentTime: number, direction: 1 | -1): number {
    const length = this.frameSeconds;
    const isKnown = this.shownAt !== null && Math.abs(this.shownAt - currentTime) < length * 2;
    const begins = isKnown && this.shownAt !== null ? this.shownAt : currentTime - length / 2;
    return begins + length * (direction + 0.5);
  }

  close(): void {
    this.video.cancelVideoFrameCallback?.(this.handle);
  }

  /** The shortest step that was seen lately: where frames were dropped, steps are longer. */
  private get frameSeconds(): number {
    return this.steps.length === 0 ? USUAL_SECONDS : Math.min(...this.steps);
  }

  private wait(): void {
    // older browsers cannot tell; the usual length has to do
    if (typeof this.video.requestVideoFrameCallback !== "function") return;
    this.handle = this.video.requestVideoFrameCallback((_now, { mediaTime }) => {
      this.note(mediaTime);
      this.wait();
    });
  }

  private note(mediaTime: number): void {
    const step = mediaTime - (this.shownAt ?? mediaTime);
    this.shownAt = mediaTime;
    if (step < SHORTEST_SECONDS || step > LONGEST_SECONDS) return;
    this.steps = [...this.steps.slice(1 - KEPT), step];
  }
}
