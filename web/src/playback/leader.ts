/** Which camera's video the clock goes by, and whether the clock waits for it. */

import type { Report } from "./camera-player";

/** A camera that takes longer than this to come is not waited for, where there are others. */
const PATIENCE_MS = 5_000;
/** So much waiting in so short a time: the browser does not decode that fast. */
const SLOW_MS = 1_500;
const SLOW_WINDOW_MS = 6_000;

export class Leadership {
  camera: string | null = null;
  isWaitedFor = false;
  /** Playing stops so often that single pictures are better. */
  isTooSlow = false;
  private preferred: string | null = null;
  private lateSince: number | null = null;
  private readonly given = new Set<string>();
  private waits: { at: number; ms: number }[] = [];
  private chosenAt = 0;
  private hasPlayed = false;

  prefer(camera: string | null): void {
    this.preferred = camera;
    this.reset();
  }

  /** After a seek, or another speed: everybody gets a new chance. */
  reset(): void {
    this.given.clear();
    this.lateSince = null;
    this.isWaitedFor = true;
    this.isTooSlow = false;
    this.waits = [];
    this.hasPlayed = false;
  }

  /** Looks at what the cameras report; the first one with footage leads. */
  choose(cameras: readonly string[], reports: ReadonlyMap<string, Report>, ticks: number): void {
    const order = this.preferred === null ? cameras : [this.preferred, ...cameras];
    const able = order.filter((camera) => canLead(reports.get(camera)));
    const leader = able.find((camera) => !this.given.has(camera)) ?? able[0] ?? null;
    if (leader !== this.camera) this.lateSince = null;
    this.camera = leader;
    const isLate = leader !== null && (reports.get(leader)?.isLate ?? false);
    this.noteWait(isLate, ticks);
    if (isLate) this.lateSince ??= ticks;
    else this.lateSince = null;
    const isTooLate = this.lateSince !== null && ticks - this.lateSince > PATIENCE_MS;
    if (isTooLate && leader !== null && able.length > 1) this.given.add(leader);
    this.isWaitedFor = isLate;
  }

  private noteWait(isLate: boolean, ticks: number): void {
    const ms = Math.min(ticks - this.chosenAt, 1000);
    this.chosenAt = ticks;
    this.waits = this.waits.filter(({ at }) => ticks - at < SLOW_WINDOW_MS);
    this.hasPlayed ||= this.camera !== null && !isLate;
    if (isLate && this.hasPlayed) this.waits.push({ at: ticks, ms });
    const waited = this.waits.reduce((sum, wait) => sum + wait.ms, 0);
    if (waited > SLOW_MS) this.isTooSlow = true;
  }
}

function canLead(report: Report | undefined): boolean {
  if (report === undefined) return false;
  return report.screen.kind === "loading" || report.screen.kind === "showing";
}
