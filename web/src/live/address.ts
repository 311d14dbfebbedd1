/** What the address says, so that a view can be kept as a bookmark or sent to somebody. */

import type { Rendition, Transport } from "../player";
import { GRID_SIZES, type GridSize } from "./layout";

export type View =
  /** What opens when nothing was asked for: the layout saved last, else a grid that fits. */
  | { kind: "default" }
  /** Exactly these cameras. */
  | { kind: "cameras"; cameras: string[] }
  /** All cameras, so many in a row; `page` counts from 0. */
  | { kind: "grid"; size: GridSize; page: number }
  | { kind: "layout"; name: string };

export interface Address {
  view: View;
  /** Only this group's cameras are in grids. */
  group: string | null;
  /** `auto`: WebSocket, and LL-HLS where WebSockets do not get through. */
  transport: "auto" | Transport;
  /** `auto`: the small stream in small tiles. */
  rendition: "auto" | Rendition;
}

export const MOST_CAMERAS = 16;
const MOST_PAGES = 1000;

export function readAddress(query: URLSearchParams): Address {
  return {
    view: readView(query),
    group: query.get("group") || null,
    transport: readTransport(query.get("transport")),
    rendition: readRendition(query.get("rendition")),
  };
}

export function writeAddress({ view, group, transport, rendition }: Address): URLSearchParams {
  const query = new URLSearchParams();
  if (view.kind === "cameras") for (const camera of view.cameras) query.append("camera", camera);
  if (view.kind === "grid") query.set("grid", String(view.size));
  if (view.kind === "grid" && view.page > 0) query.set("page", String(view.page + 1));
  if (view.kind === "layout") query.set("layout", view.name);
  if (group !== null) query.set("group", group);
  if (transport !== "auto") query.set("transport", transport);
  if (rendition !== "auto") query.set("rendition", rendition);
  return query;
}

function readView(query: URLSearchParams): View {
  const cameras = [...new Set(query.getAll("camera").filter(Boolean))].slice(0, MOST_CAMERAS);
  if (cameras.length > 0) return { kind: "cameras", cameras };
  const name = query.get("layout");
  if (name) return { kind: "layout", name };
  const size = GRID_SIZES.find((each) => String(each) === query.get("grid"));
  if (size !== undefined) return { kind: "grid", size, page: readPage(query.get("page")) };
  return { kind: "default" };
}

function readPage(text: string | null): number {
  const page = Math.floor(Number(text ?? 1));
  return Number.isFinite(page) ? Math.min(MOST_PAGES, Math.max(1, page)) - 1 : 0;
}

function readTransport(text: string | null): "auto" | Transport {
  if (text === null) return "auto";
  if (/^(ll-?)?hls$/i.test(text)) return "ll-hls";
  return text === "websocket" ? "websocket" : "auto";
}

function readRendition(text: string | null): "auto" | Rendition {
  return text === "main" || text === "sub" ? text : "auto";
}
