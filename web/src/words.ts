/** What several pages tell of footage, in the same words. */

const GAP_REASONS: Readonly<Record<string, string>> = {
  connecting: "the camera was being connected",
  camera_offline: "the camera could not be reached",
  camera_unauthorized: "the camera refused the login",
  camera_error: "the camera sent nothing that can be recorded",
  stream_stalled: "the camera sent no pictures",
  no_keyframe: "the camera sent no keyframe",
  timestamp_jump: "the camera's timestamps jumped",
  clock_changed: "the server's clock was set",
  recorder_down: "no recorder was running",
  handover: "the camera moved to another recorder",
  spool_full: "there was no disk space left",
  write_error: "the disk failed or was too slow",
  recording_lost: "the file was lost",
};

/** A gap's reason in words; one that is not known is shown as it is. */
export function reasonText(reason: string): string {
  return GAP_REASONS[reason] ?? reason.replaceAll("_", " ");
}

/** With what the recorder says of it, for those who look for the cause. */
export function gapText({ reason, detail }: { reason: string; detail: string }): string {
  return detail === "" ? reasonText(reason) : `${reasonText(reason)} (${detail})`;
}
