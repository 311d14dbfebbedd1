/** Fetches what is no JSON: playlists and pictures, with the session's cookie. */

import { send } from "../api/client";
import { errorOf } from "../api/errors";
import { problemDetail } from "../player/problem";
import type { Resource } from "./iframe-playlist";

const LARGEST_TEXT = 8_000_000;
const LARGEST_PICTURE = 32_000_000;

/** Returns the text and the address that it came from; throws ApiError. */
export async function fetchText(path: string, signal: AbortSignal): Promise<[string, string]> {
  const answer = await good(await send(new Request(new URL(path, location.origin), { signal })));
  const text = await answer.text();
  if (text.length > LARGEST_TEXT) throw new Error("the playlist is too long");
  return [text, answer.url];
}

export async function fetchBytes(what: Resource, signal: AbortSignal): Promise<Uint8Array> {
  const headers: Record<string, string> = what.range === null ? {} : { Range: what.range };
  const answer = await good(await send(new Request(what.url, { headers, signal })));
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (bytes.length > LARGEST_PICTURE) throw new Error("the picture is too large");
  return bytes;
}

async function good(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const detail = problemDetail(await answer.text().catch(() => ""));
  throw errorOf(answer, { detail: detail ?? "" });
}
