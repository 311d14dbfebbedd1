/** What leads from a live picture to what is kept of it: a snapshot, and the recording. */

import { send } from "../api/client";
import { errorOf } from "../api/errors";

const HISTORY_MS = 30_000;

/** Playback 30 s before what is on the screen now. */
export function historyAddress(
  camera: string,
  secondsBehind: number | null,
  nowMs: number,
): string {
  const at = new Date(nowMs - (secondsBehind ?? 0) * 1000 - HISTORY_MS);
  return `/playback?${new URLSearchParams({ camera, at: at.toISOString() })}`;
}

/** `front-door_2026-11-21_08-49-32.jpg`, by the viewer's clock. */
export function snapshotName(camera: string, at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join("-");
  return `${camera}_${day}_${time}.jpg`;
}

/** Saves the camera's newest keyframe as a file; throws ApiError. */
export async function downloadSnapshot(camera: string): Promise<void> {
  const path = `/api/v1/cameras/${encodeURIComponent(camera)}/snapshot.jpg`;
  const answer = await send(new Request(new URL(path, location.href)));
  if (!answer.ok) throw errorOf(answer, await answer.json().catch(() => null));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = snapshotName(camera, new Date());
  link.click();
  URL.revokeObjectURL(link.href);
}
