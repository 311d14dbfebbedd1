/** What the address says, so that a view can be kept as a bookmark. */

import type { Rendition, Transport } from "../player";

export interface Params {
  camera: string | null;
  transport: Transport;
  rendition: Rendition;
  /** Many cameras at once. */
  wall: boolean;
  /** Which ones; empty: the first ones. */
  cameras: string[];
}

export const MOST_TILES = 16;

export function readParams(search: string): Params {
  const query = new URLSearchParams(search);
  const cameras = (query.get("cameras") ?? "").split(",").filter((camera) => camera !== "");
  const wall = query.get("wall");
  return {
    camera: query.get("camera"),
    transport: readTransport(query.get("transport")),
    rendition: query.get("rendition") === "sub" ? "sub" : "main",
    wall: (wall !== null && wall !== "0" && wall !== "false") || cameras.length > 0,
    cameras: [...new Set(cameras)].slice(0, MOST_TILES),
  };
}

export function writeParams(params: Params): string {
  const query = new URLSearchParams();
  if (params.wall) query.set("wall", "1");
  if (params.wall && params.cameras.length > 0) query.set("cameras", params.cameras.join(","));
  if (!params.wall && params.camera !== null) query.set("camera", params.camera);
  if (params.transport !== "websocket") query.set("transport", params.transport);
  if (!params.wall && params.rendition !== "main") query.set("rendition", params.rendition);
  const text = query.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

function readTransport(text: string | null): Transport {
  return text !== null && /^(ll-?)?hls$/i.test(text) ? "ll-hls" : "websocket";
}
