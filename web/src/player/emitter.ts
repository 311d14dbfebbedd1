/** The state of a player and who wants to know it. */

import type { PlayerState, StateListener } from "./types";

export class StateEmitter {
  private current: PlayerState = { kind: "idle" };
  private readonly listeners = new Set<StateListener>();

  get state(): PlayerState {
    return this.current;
  }

  set(state: PlayerState): void {
    if (JSON.stringify(state) === JSON.stringify(this.current)) return;
    this.current = state;
    for (const listener of [...this.listeners]) listener(state);
  }

  listen(listener: StateListener): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }
}
