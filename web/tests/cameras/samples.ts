/** Cameras, statuses and found devices with usual values. */

import type { Camera, Status } from "../../src/api/cameras";
import type { Schemas } from "../../src/api/client";

export function camera(name: string, more: Partial<Camera> = {}): Camera {
  return {
    camera_id: name.toLowerCase().replaceAll(" ", "-"),
    name,
    url: "rtsp://192.0.2.10/stream1",
    sub_url: null,
    has_sub_stream: false,
    has_credentials: true,
    transport: "tcp",
    verify_tls: false,
    recording_seconds: 60,
    part_seconds: 0.2,
    audio: "keep",
    footage_check_seconds: 600,
    record: true,
    recording_since: "2026-11-20T10:00:00Z",
    device_id: null,
    channel: null,
    health: health(),
    version: 1,
    published: true,
    created_at: "2026-11-20T10:00:00Z",
    deleted_at: null,
    ...more,
  };
}

export function health(more: Partial<Camera["health"]> = {}): Camera["health"] {
  return {
    state: "online",
    since: "2026-11-20T10:00:00Z",
    checked_at: "2026-11-20T10:00:00Z",
    detail: "",
    proof: "recorder",
    rtt_ms: null,
    is_flapping: false,
    ...more,
  };
}

export function status(of: Camera, more: Partial<Status> = {}): Status {
  return {
    camera_id: of.camera_id,
    name: of.name,
    record: of.record,
    state: "recording",
    since: "2026-11-20T10:00:00Z",
    detail: "",
    recorder: "recorder-1",
    seen_at: "2026-11-20T10:00:00Z",
    accounted_until: "2026-11-20T10:00:00Z",
    open_gap: null,
    last_recording_at: null,
    pending_uploads: 0,
    bitrate_bps: 2_000_000,
    codec: "avc1.42C028",
    resolution: "1920x1080",
    transport: "tcp",
    health: of.health,
    ...more,
  };
}

type Found = Schemas["FoundDeviceView"];

export function found(id: string, more: Partial<Found> = {}): Found {
  return {
    found_id: id,
    host: "192.0.2.20",
    port: 80,
    use_tls: false,
    driver: "onvif",
    rtsp_port: 554,
    endpoint_id: "",
    scopes: [],
    also: [],
    details: null,
    failure: null,
    seen_at: "2026-11-20T10:00:00Z",
    device_id: null,
    camera_ids: [],
    ...more,
  };
}

export function channel(key: string, more: Partial<Schemas["Channel"]> = {}): Schemas["Channel"] {
  return {
    channel: key,
    name: `Input ${key}`,
    snapshot_url: "",
    is_online: true,
    streams: [
      {
        stream: "main",
        token: "",
        url: "rtsp://192.0.2.20/main",
        codec: "h265",
        width: 2560,
        height: 1440,
        fps: 25,
        bitrate_bps: null,
      },
    ],
    ...more,
  };
}

export function details(...channels: Schemas["Channel"][]): NonNullable<Found["details"]> {
  const identity = {
    manufacturer: "Example",
    model: "NVR-8",
    firmware: "",
    serial: "",
    mac: "",
    name: "",
    kind: "recorder" as const,
  };
  return { identity, channels, storage: null, clock: null, capabilities: [] };
}

export function summary(more: Partial<Schemas["ScanSummary"]> = {}): Schemas["ScanSummary"] {
  return {
    scan_id: "5f0c9a7be2d14c63",
    state: "running",
    started_at: "2026-11-20T10:00:00Z",
    ended_at: null,
    checked: 10,
    total: 100,
    found: 0,
    notes: [],
    failure: null,
    ...more,
  };
}
