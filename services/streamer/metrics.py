"""All metrics of the streamer."""

from prometheus_client import Counter, Gauge, Histogram

VIEWERS = Gauge("everframe_streamer_viewers", "Viewers at this moment", ["camera_id", "transport"])
CHANNELS = Gauge("everframe_streamer_channels", "Renditions that are followed")
PART_DELAY = Histogram(
    "everframe_streamer_part_delay_seconds",
    "Age of a part when its first byte was sent: since its last frame arrived at the recorder, "
    "and since the recorder published it",
    ["since", "transport"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10),
)
STALLS = Counter(
    "everframe_streamer_stalls_total",
    "Times that no part came for more than two part targets and a second while somebody watched",
    ["camera_id"],
)
SKIPPED_PARTS = Counter(
    "everframe_streamer_skipped_parts_total",
    "Parts left out for WebSocket viewers that were too slow for them",
    ["camera_id"],
)
BYTES = Counter("everframe_streamer_bytes_total", "Media sent to viewers", ["transport"])
REFUSED = Counter("everframe_streamer_refused_total", "Viewers turned away", ["reason"])
DROPPED_EVENTS = Counter(
    "everframe_streamer_dropped_events_total",
    "Events about viewing that were given up because the bus was away for long",
)
REQUESTS = Counter(
    "everframe_streamer_requests_total",
    "Answered requests, by route template",
    ["route", "method", "status"],
)
REQUEST_SECONDS = Histogram(
    "everframe_streamer_request_seconds",
    "Time until a response was complete, the time that it was held included",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
