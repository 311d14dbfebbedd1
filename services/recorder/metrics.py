"""All metrics of the recorder."""

from prometheus_client import Counter, Gauge, Histogram

WANTED = Counter(
    "everframe_recorder_wanted_seconds_total",
    "Time in which footage was wanted of cameras that this recorder holds",
    ["camera_id"],
)
RECORDED = Counter(
    "everframe_recorder_recorded_seconds_total",
    "Footage that reached the spool; divided by the wanted seconds it is the completeness",
    ["camera_id"],
)
RECEIVED = Counter(
    "everframe_recorder_received_bytes_total", "Media that cameras sent", ["camera_id", "rendition"]
)
RECORDINGS = Counter(
    "everframe_recorder_recordings_total",
    "Recordings that ended, by reason",
    ["camera_id", "reason"],
)
GAPS = Counter(
    "everframe_recorder_gaps_total", "Gaps announced, by reason", ["camera_id", "reason"]
)
RECONNECTS = Counter(
    "everframe_recorder_reconnects_total",
    "Camera sessions that ended without being asked to, by reason",
    ["camera_id", "rendition", "reason"],
)
LOST_PACKETS = Counter(
    "everframe_recorder_lost_packets_total",
    "RTP packets that never came, as libavformat counts them",
    ["camera_id", "rendition"],
)
TIMESTAMP_ADJUSTMENTS = Counter(
    "everframe_recorder_timestamp_adjustments_total",
    "Camera timestamps that had to be put right",
    ["camera_id", "rendition"],
)
DROPPED_AUDIO = Counter(
    "everframe_recorder_dropped_audio_packets_total",
    "Audio that came too late for its place in a recording",
    ["camera_id", "rendition"],
)
UNRECORDABLE_AUDIO = Counter(
    "everframe_recorder_unrecordable_tracks_total",
    "Audio tracks left out because their codec cannot be recorded",
    ["camera_id", "rendition", "codec"],
)
WRITE_ERRORS = Counter(
    "everframe_recorder_write_errors_total", "Spool files that could not be written", ["camera_id"]
)
OVERFLOWS = Counter(
    "everframe_recorder_write_queue_overflows_total",
    "Recordings cut because the spool's disk was too slow",
    ["camera_id"],
)
CAMERAS = Gauge("everframe_recorder_cameras", "Cameras that this recorder holds")
SPOOL_BYTES = Gauge("everframe_recorder_spool_bytes", "Size of the spool")
SPOOL_PENDING = Gauge(
    "everframe_recorder_spool_pending_recordings", "Finished recordings not yet announced"
)
SPOOL_OLDEST = Gauge(
    "everframe_recorder_spool_oldest_seconds", "Age of the oldest recording not yet announced"
)
SPOOL_DROPPED = Counter(
    "everframe_recorder_spool_dropped_recordings_total",
    "Recordings given up because the spool was full",
    ["camera_id"],
)
REUPLOADS = Counter(
    "everframe_recorder_reuploads_total", "Recordings that the object store had lost"
)
UPLOAD_SECONDS = Histogram(
    "everframe_recorder_upload_seconds",
    "Time to store one recording",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
LIVE_WATCHED = Gauge(
    "everframe_recorder_live_renditions", "Renditions that are sent because somebody watches them"
)
LIVE_PARTS = Counter(
    "everframe_recorder_live_parts_total", "Parts sent to live viewers", ["camera_id", "rendition"]
)
LIVE_SKIPPED = Counter(
    "everframe_recorder_live_skipped_parts_total",
    "Parts that live viewers did not get because the bus was away or too slow",
    ["camera_id", "rendition"],
)
LIVE_DELAY = Histogram(
    "everframe_recorder_live_delay_seconds",
    "From the arrival of a live part's last frame until the bus had the part",
    ["rendition"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
