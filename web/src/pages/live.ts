/** The live page: asks for the key, reads the cameras, shows one of them or a wall. */

import "./live.css";
import { Api, ApiError, type Camera } from "../api";
import { LiveLinks } from "../links";
import { ServerClock } from "../player";
import type { View } from "./context";
import { h } from "./dom";
import { forgetKey, keyPrompt, storedKey } from "./key-prompt";
import { type Params, readParams, writeParams } from "./params";
import { SingleView } from "./single-view";
import { WallView } from "./wall-view";

const REFRESH_MS = 30_000;
const RETRY_MS = 3_000;

class LivePage {
  private view: View | null = null;
  private api: Api | null = null;
  private links: LiveLinks | null = null;
  private readonly clock = new ServerClock();
  private cameras: Camera[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly root: HTMLElement) {
    window.addEventListener("popstate", () => this.links !== null && this.show());
    const key = storedKey();
    if (key === null) this.ask("");
    else void this.open(new Api(key));
  }

  private ask(reason: string): void {
    clearTimeout(this.timer);
    this.closeView();
    this.api = null;
    this.links = null;
    forgetKey();
    this.root.replaceChildren(keyPrompt(reason, (api, cameras) => this.enter(api, cameras)));
  }

  /** With the key from before: the server may be away for a moment. */
  private async open(api: Api): Promise<void> {
    try {
      this.enter(api, await api.listCameras());
    } catch (error) {
      if (error instanceof ApiError && error.isUnauthorized) this.ask(error.message);
      else {
        this.root.replaceChildren(h("p", { className: "notice", role: "status" }, `${error}`));
        this.timer = setTimeout(() => void this.open(api), RETRY_MS);
      }
    }
  }

  private enter(api: Api, cameras: Camera[]): void {
    this.api = api;
    this.cameras = cameras;
    this.links = new LiveLinks(api, (error) =>
      this.ask(`The key is not valid any more: ${error.message}`),
    );
    this.show();
    this.schedule();
  }

  private show(): void {
    if (this.links === null) return;
    this.closeView();
    const params = readParams(location.search);
    const kind = params.wall ? WallView : SingleView;
    this.view = new kind({
      params,
      cameras: this.cameras,
      links: this.links,
      clock: this.clock,
      go: (to, { rebuild }) => this.go(to, rebuild),
      forgetKey: () => this.ask(""),
    });
    this.root.replaceChildren(this.view.element);
  }

  private go(params: Params, rebuild: boolean): void {
    const address = location.pathname + writeParams(params);
    if (!rebuild) {
      history.replaceState(null, "", address);
      return;
    }
    history.pushState(null, "", address);
    this.show();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  private async refresh(): Promise<void> {
    const { api } = this;
    if (api === null) return;
    try {
      const cameras = await api.listCameras();
      if (this.api !== api) return;
      this.cameras = cameras;
      this.view?.onCameras(cameras);
    } catch (error) {
      if (error instanceof ApiError && error.isUnauthorized) {
        this.ask(error.message);
        return;
      }
    }
    this.schedule();
  }

  private closeView(): void {
    this.view?.close();
    this.view = null;
  }
}

const root = document.getElementById("app");
if (root !== null) new LivePage(root);
