/** One camera, large, with everything that can be chosen. */

import type { Camera } from "../api";
import type { Rendition, Transport } from "../player";
import { CameraList } from "./camera-list";
import { Choice } from "./choice";
import type { View, ViewContext } from "./context";
import { h } from "./dom";
import { Screen } from "./screen";
import { helpDialog, listenForKeys, type Shortcuts } from "./shortcuts";

const TRANSPORTS: [Transport, string, string][] = [
  ["websocket", "WebSocket", "the least delay"],
  ["ll-hls", "LL-HLS", "what TVs, Safari and other players use"],
];
const RENDITIONS: [Rendition, string, string][] = [
  ["main", "Main", "the recorded stream"],
  ["sub", "Sub", "the camera's small stream"],
];

export class SingleView implements View {
  readonly element: HTMLElement;
  private readonly screen: Screen;
  private readonly list = new CameraList((camera) => this.pick(camera));
  private readonly transports = new Choice("Transport", TRANSPORTS, (value) =>
    this.update({ transport: value }),
  );
  private readonly renditions = new Choice("Stream", RENDITIONS, (value) =>
    this.update({ rendition: value }),
  );
  private readonly mute = h("button", { type: "button", title: "Sound (m)" });
  private readonly snapshot = h("a", { className: "button", target: "_blank", rel: "noopener" });
  private readonly help: HTMLDialogElement;
  private readonly aborter = new AbortController();
  private cameras: Camera[];

  constructor(private readonly context: ViewContext) {
    this.cameras = context.cameras;
    this.screen = new Screen(context.links, context.clock);
    this.snapshot.textContent = "Snapshot";
    const shortcuts = this.shortcuts();
    this.help = helpDialog(shortcuts);
    listenForKeys(shortcuts, this.aborter.signal);
    this.mute.addEventListener("click", () => this.toggleSound());
    const { signal } = this.aborter;
    this.screen.video.addEventListener("volumechange", () => this.showSound(), { signal });
    this.element = this.layout();
    this.showSound();
    this.start();
  }

  onCameras(cameras: Camera[]): void {
    this.cameras = cameras;
    this.list.show(cameras, this.context.params.camera);
    if (this.screen.camera === null) this.start();
  }

  close(): void {
    this.aborter.abort();
    this.screen.close();
  }

  private layout(): HTMLElement {
    const buttons = [
      this.mute,
      this.snapshot,
      action("Full screen", "f", () => this.toggleFullScreen()),
      action("Wall", "w", () => this.openWall()),
      action("?", "?", () => this.help.showModal()),
      action("Sign out", "", () => this.context.forgetKey()),
    ];
    const bar = h("header", { className: "bar" }, this.transports.element, this.renditions.element);
    bar.append(h("div", { className: "actions" }, ...buttons));
    const stage = h("main", { className: "stage" }, bar, this.screen.element);
    const cameras = h("details", { className: "side", open: innerWidth > 800 });
    cameras.append(h("summary", {}, "Cameras"), this.list.element);
    return h("div", { className: "single" }, cameras, stage, this.help);
  }

  private start(): void {
    const { params } = this.context;
    const camera = this.cameras.find(({ camera_id }) => camera_id === params.camera);
    const first = camera ?? (params.camera === null ? this.cameras[0] : undefined);
    if (first !== undefined) this.play(first);
    else this.showMissing(params.camera);
  }

  private showMissing(camera: string | null): void {
    this.list.show(this.cameras, null);
    this.showChoices(null);
    const text = camera === null ? "There are no cameras yet." : `There is no camera “${camera}”.`;
    this.screen.element.dataset.empty = text;
  }

  private pick(camera: Camera): void {
    if (innerWidth <= 800) this.element.querySelector("details")?.removeAttribute("open");
    this.play(camera);
  }

  private update(change: { transport?: Transport; rendition?: Rendition }): void {
    Object.assign(this.context.params, change);
    if (this.screen.camera !== null) this.play(this.screen.camera);
    else this.showChoices(null);
  }

  private play(camera: Camera): void {
    const { params } = this.context;
    params.camera = camera.camera_id;
    if (camera.sub_url === null) params.rendition = "main";
    delete this.screen.element.dataset.empty;
    this.list.show(this.cameras, camera.camera_id);
    this.showChoices(camera);
    document.title = `${camera.name} – Everframe live`;
    this.context.go(params, { rebuild: false });
    this.screen.play(camera, params.transport, params.rendition);
  }

  private showChoices(camera: Camera | null): void {
    const { transport, rendition } = this.context.params;
    this.transports.show(transport);
    this.renditions.show(rendition, (value) => value === "main" || camera?.sub_url != null);
    this.snapshot.hidden = camera === null;
    const id = encodeURIComponent(camera?.camera_id ?? "");
    this.snapshot.href = `/api/v1/cameras/${id}/snapshot.jpg`;
  }

  private showSound(): void {
    this.mute.textContent = this.screen.video.muted ? "Sound on" : "Mute";
  }

  private toggleSound(): void {
    this.screen.video.muted = !this.screen.video.muted;
  }

  private toggleFullScreen(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else void this.screen.element.requestFullscreen?.();
  }

  private openWall(): void {
    this.context.go({ ...this.context.params, wall: true }, { rebuild: true });
  }

  private step(step: number): void {
    const camera = this.list.neighbour(step);
    if (camera !== undefined) this.play(camera);
  }

  private toggleTransport(): void {
    const { transport } = this.context.params;
    this.update({ transport: transport === "websocket" ? "ll-hls" : "websocket" });
  }

  private shortcuts(): Shortcuts {
    return {
      ArrowLeft: { does: "previous camera", run: () => this.step(-1) },
      ArrowRight: { does: "next camera", run: () => this.step(1) },
      ArrowUp: { does: "previous camera", run: () => this.step(-1) },
      ArrowDown: { does: "next camera", run: () => this.step(1) },
      m: { does: "sound on and off", run: () => this.toggleSound() },
      f: { does: "full screen", run: () => this.toggleFullScreen() },
      t: { does: "other transport", run: () => this.toggleTransport() },
      w: { does: "wall", run: () => this.openWall() },
      "?": { does: "this list", run: () => this.help.showModal() },
    };
  }
}

function action(text: string, key: string, run: () => void): HTMLButtonElement {
  const title = key === "" ? text : `${text} (${key})`;
  const button = h("button", { type: "button", title }, text);
  button.addEventListener("click", run);
  return button;
}
