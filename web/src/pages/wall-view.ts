/** Up to 16 cameras side by side; one of them can be enlarged. */

import type { Camera } from "../api";
import type { Rendition, Transport } from "../player";
import { Choice } from "./choice";
import type { View, ViewContext } from "./context";
import { h } from "./dom";
import { MOST_TILES } from "./params";
import { Screen } from "./screen";
import { helpDialog, listenForKeys, type Shortcuts } from "./shortcuts";

/** Sixteen decoders and their cameras disturb each other now and then. */
const WALL_MARGIN = 0.3;

export class WallView implements View {
  readonly element: HTMLElement;
  private readonly grid = h("main", { className: "grid" });
  private readonly empty = h("p", { className: "hint" }, "There are no cameras to show.");
  private readonly transports = new Choice<Transport>(
    "Transport",
    [
      ["websocket", "WebSocket", "the least delay"],
      ["ll-hls", "LL-HLS", "over HTTP/1.1 a browser plays only a few at once"],
    ],
    (value) => this.changeTransport(value),
  );
  private readonly help: HTMLDialogElement;
  private readonly aborter = new AbortController();
  private tiles: Screen[] = [];
  private large: Screen | null = null;

  constructor(private readonly context: ViewContext) {
    const shortcuts = this.shortcuts();
    this.help = helpDialog(shortcuts);
    listenForKeys(shortcuts, this.aborter.signal);
    const back = button("One camera", "One camera (w)", () => this.openSingle());
    const full = button("Full screen", "Full screen (f)", () => this.toggleFullScreen());
    const help = button("?", "Keys (?)", () => this.help.showModal());
    const bar = h("header", { className: "bar" }, this.transports.element);
    bar.append(h("div", { className: "actions" }, full, back, help));
    this.element = h("div", { className: "wall" }, bar, this.grid, this.help);
    this.transports.show(context.params.transport);
    this.show(context.cameras);
    document.title = "Wall – Everframe live";
  }

  onCameras(cameras: Camera[]): void {
    const wanted = this.wanted(cameras).map(({ camera_id }) => camera_id);
    const shown = this.tiles.map(({ camera }) => camera?.camera_id);
    if (wanted.join() !== shown.join()) this.show(cameras);
  }

  close(): void {
    this.aborter.abort();
    for (const tile of this.tiles) tile.close();
  }

  private wanted(cameras: Camera[]): Camera[] {
    const chosen = this.context.params.cameras;
    if (chosen.length === 0) return cameras.slice(0, MOST_TILES);
    const byId = new Map(cameras.map((camera) => [camera.camera_id, camera]));
    return chosen.map((id) => byId.get(id)).filter((camera) => camera !== undefined);
  }

  private show(cameras: Camera[]): void {
    for (const tile of this.tiles) tile.close();
    this.large = null;
    this.tiles = this.wanted(cameras).map((camera) => this.tile(camera));
    const columns = Math.ceil(Math.sqrt(this.tiles.length));
    this.grid.dataset.columns = String(columns);
    this.grid.replaceChildren(...this.tiles.map(({ element }) => element));
    if (this.tiles.length === 0) this.grid.append(this.empty);
  }

  private tile(camera: Camera): Screen {
    const tile = new Screen(this.context.links, this.context.clock, { margin: WALL_MARGIN });
    const { element } = tile;
    element.tabIndex = 0;
    element.role = "button";
    element.ariaLabel = `${camera.name}: enlarge`;
    element.addEventListener("click", () => this.enlarge(tile === this.large ? null : tile));
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.enlarge(tile === this.large ? null : tile);
      }
    });
    tile.play(camera, this.context.params.transport, smallOf(camera));
    return tile;
  }

  /** The enlarged tile shows the main stream; null: none is large. */
  private enlarge(tile: Screen | null): void {
    const before = this.large;
    this.large = tile;
    if (before !== null && before !== tile) this.resize(before, false);
    if (tile !== null && before !== tile) this.resize(tile, true);
  }

  private resize(tile: Screen, isLarge: boolean): void {
    tile.element.classList.toggle("large", isLarge);
    const { camera } = tile;
    if (camera === null) return;
    const rendition: Rendition = isLarge ? "main" : smallOf(camera);
    if (rendition !== tile.rendition) tile.play(camera, this.context.params.transport, rendition);
    if (isLarge) tile.element.focus();
  }

  private changeTransport(transport: Transport): void {
    this.context.params.transport = transport;
    this.transports.show(transport);
    this.context.go(this.context.params, { rebuild: false });
    for (const tile of this.tiles) {
      if (tile.camera !== null) tile.play(tile.camera, transport, tile.rendition);
    }
  }

  private step(step: number): void {
    const focused = this.tiles.findIndex(({ element }) => element === document.activeElement);
    const count = this.tiles.length;
    if (count === 0) return;
    const next = focused < 0 ? 0 : (focused + step + count) % count;
    const tile = this.tiles[next];
    if (this.large !== null && tile !== undefined) this.enlarge(tile);
    tile?.element.focus();
  }

  private openSingle(): void {
    const camera = this.large?.camera?.camera_id ?? this.context.params.camera;
    this.context.go(
      { ...this.context.params, camera, wall: false, cameras: [] },
      { rebuild: true },
    );
  }

  private toggleFullScreen(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else void this.grid.requestFullscreen?.();
  }

  private toggleTransport(): void {
    const { transport } = this.context.params;
    this.changeTransport(transport === "websocket" ? "ll-hls" : "websocket");
  }

  private shortcuts(): Shortcuts {
    const columns = () => Number(this.grid.dataset.columns ?? 1);
    return {
      ArrowLeft: { does: "previous tile", run: () => this.step(-1) },
      ArrowRight: { does: "next tile", run: () => this.step(1) },
      ArrowUp: { does: "tile above", run: () => this.step(-columns()) },
      ArrowDown: { does: "tile below", run: () => this.step(columns()) },
      Escape: { does: "no tile large", run: () => this.enlarge(null) },
      f: { does: "full screen", run: () => this.toggleFullScreen() },
      t: { does: "other transport", run: () => this.toggleTransport() },
      w: { does: "one camera", run: () => this.openSingle() },
      "?": { does: "this list", run: () => this.help.showModal() },
    };
  }
}

function smallOf(camera: Camera): Rendition {
  return camera.sub_url === null ? "main" : "sub";
}

function button(text: string, title: string, run: () => void): HTMLButtonElement {
  const element = h("button", { type: "button", title }, text);
  element.addEventListener("click", run);
  return element;
}
