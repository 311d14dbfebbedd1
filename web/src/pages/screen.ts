/** A video with its player, its name, its state, and how far behind live it is. */

import type { Camera } from "../api";
import type { PlayerOptions, Rendition, Transport } from "../player";
import { createPlayer, type LinkSource, type LivePlayer, type ServerClock } from "../player";
import { h, newVideo } from "./dom";
import { expose } from "./expose";
import { describeBehind, describeState } from "./words";

const REFRESH_MS = 500;
const SHORT = { failed: "cannot play", waiting: "waiting", reconnecting: "reconnecting" };

export class Screen {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  private readonly name = h("span", { className: "name" });
  private readonly stateText = h("span", { className: "state", role: "status" });
  /** Over the picture, while it does not move: why. */
  private readonly message = h("p", { className: "message", hidden: true });
  private readonly behind = h("span", { className: "behind", title: "seconds behind live" });
  private readonly timer: ReturnType<typeof setInterval>;
  private player: LivePlayer | null = null;
  private detach: (() => void)[] = [];
  camera: Camera | null = null;
  rendition: Rendition = "main";

  constructor(
    private readonly links: LinkSource,
    private readonly clock: ServerClock,
    private readonly options: PlayerOptions = {},
  ) {
    this.video = newVideo("live picture");
    const line = h("div", { className: "line" }, this.name, this.stateText, this.behind);
    this.element = h("div", { className: "screen" }, this.video, this.message, line);
    this.timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  play(camera: Camera, transport: Transport, rendition: Rendition): void {
    this.camera = camera;
    this.rendition = rendition;
    this.name.textContent = camera.name;
    if (this.player?.transport !== transport) this.change(transport);
    this.player?.play(camera.camera_id, rendition);
    this.refresh();
  }

  close(): void {
    clearInterval(this.timer);
    this.drop();
  }

  private change(transport: Transport): void {
    this.drop();
    const player = createPlayer(transport, this.links, this.clock, this.options);
    player.attach(this.video);
    this.player = player;
    const what = () => ({ camera: this.camera?.camera_id ?? "", rendition: this.rendition });
    this.detach = [expose(player, what), player.onState(() => this.refresh())];
  }

  private drop(): void {
    this.player?.stop();
    for (const undo of this.detach) undo();
    this.detach = [];
    this.player = null;
  }

  private refresh(): void {
    if (this.player === null) return;
    const { kind } = this.player.state;
    const state = describeState(this.player.state, Date.now());
    const needsRoom = kind === "failed" || kind === "waiting" || kind === "reconnecting";
    setText(this.stateText, needsRoom ? SHORT[kind] : state.text);
    setText(this.message, state.text);
    this.message.hidden = !needsRoom;
    this.element.dataset.tone = state.tone;
    const behind = describeBehind(this.player.secondsBehindLive());
    setText(this.behind, behind.text);
    this.behind.dataset.tone = behind.tone;
  }
}

/** Only when it changed: a screen reader announces every change. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
