/** The list of cameras with a search box. */

import type { Camera } from "../api";
import { h } from "./dom";
import { searchCameras } from "./words";

const PAGE = 100;

export class CameraList {
  readonly element: HTMLElement;
  private readonly search = h("input", {
    type: "search",
    placeholder: "Search cameras",
    ariaLabel: "Search cameras",
    autocomplete: "off",
  });
  private readonly items = h("ul", { className: "camera-items" });
  private readonly more = h("button", { type: "button", className: "quiet" });
  private shown = PAGE;
  private cameras: Camera[] = [];
  private current: string | null = null;

  constructor(private readonly onPick: (camera: Camera) => void) {
    this.element = h("nav", { className: "camera-list", ariaLabel: "Cameras" });
    this.element.append(this.search, this.items, this.more);
    this.search.addEventListener("input", () => {
      this.shown = PAGE;
      this.render();
    });
    this.more.addEventListener("click", () => {
      this.shown += PAGE;
      this.render();
    });
  }

  show(cameras: Camera[], current: string | null): void {
    this.cameras = cameras;
    this.current = current;
    this.render();
  }

  /** The camera so many places further in what the search shows. */
  neighbour(step: number): Camera | undefined {
    const found = searchCameras(this.cameras, this.search.value);
    if (found.length === 0) return undefined;
    const at = found.findIndex(({ camera_id }) => camera_id === this.current);
    return found[(Math.max(0, at) + step + found.length) % found.length];
  }

  private render(): void {
    const found = searchCameras(this.cameras, this.search.value);
    this.items.replaceChildren(...found.slice(0, this.shown).map((camera) => this.item(camera)));
    if (found.length === 0) this.items.append(h("li", { className: "hint" }, this.emptyText()));
    const left = found.length - this.shown;
    this.more.hidden = left <= 0;
    this.more.textContent = `${left} more`;
    this.items.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  private emptyText(): string {
    return this.cameras.length === 0 ? "There are no cameras yet." : "No camera has this name.";
  }

  private item(camera: Camera): HTMLElement {
    const button = h(
      "button",
      { type: "button", title: camera.camera_id },
      h("span", { className: "name" }, camera.name),
      camera.sub_url === null ? null : h("span", { className: "badge" }, "sub"),
    );
    if (camera.camera_id === this.current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.onPick(camera));
    return h("li", {}, button);
  }
}
