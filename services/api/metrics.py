"""All metrics of the api service."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "everframe_api_requests_total",
    "Answered requests, by route template.",
    ["route", "method", "status"],
)
REQUEST_SECONDS = Histogram(
    "everframe_api_request_seconds",
    "Time until a response was complete.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REFUSED = Counter(
    "everframe_api_refused_requests_total", "Requests without a session, a valid key or a link."
)
RATE_LIMITED = Counter(
    "everframe_api_rate_limited_total", "Requests beyond what one caller may make.", ["sort"]
)
SIGN_INS = Counter("everframe_api_sign_ins_total", "Sign-ins that were tried.", ["outcome"])
EVENTS_APPLIED = Counter(
    "everframe_api_events_applied_total", "Events written to the catalog.", ["type", "way"]
)
PROJECTION_LAG = Gauge(
    "everframe_api_projection_lag_events",
    "Stored events that are not in the catalog yet (events of other kinds counted too).",
)
DB_ERRORS = Counter(
    "everframe_api_db_errors_total", "Database calls that failed because it was away.", ["error"]
)
LIVE_OPEN = Gauge(
    "everframe_api_live_requests", "Live requests and WebSockets that are being passed on."
)
LIVE_REFUSED = Counter(
    "everframe_api_live_refused_total", "Live requests that no streamer was asked for.", ["reason"]
)
LIVE_FAILOVERS = Counter(
    "everframe_api_live_failovers_total",
    "Streamers that did not answer or had no room; the next was asked.",
)
LIVE_BYTES = Counter(
    "everframe_api_live_bytes_total", "Bytes passed on to live viewers.", ["transport"]
)
EVENT_CLIENTS = Gauge("everframe_api_event_clients", "Clients that follow live events.")
EVENT_CLIENTS_CUT = Counter(
    "everframe_api_event_clients_cut_total",
    "Clients that took live events too slowly and were sent away, to ask anew.",
)
AUDIT_PENDING = Gauge(
    "everframe_api_audit_pending_entries",
    "Entries of the audit log that wait in memory for the database.",
)
AUDIT_DROPPED = Counter(
    "everframe_api_audit_dropped_entries_total",
    "Entries of the audit log that were given up: too many waited, or the database refused them.",
)
MEDIA_BYTES = Counter("everframe_api_media_bytes_total", "Bytes of recordings sent to players.")
CONFIGS_PUBLISHED = Counter(
    "everframe_api_configs_published_total",
    "Configurations of cameras and devices put on the bus.",
    ["kind", "change"],
)
