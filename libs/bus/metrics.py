"""What the bus counts."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTED = Gauge("everframe_bus_connected", "1 while the connection to the bus is up")
ERRORS = Counter("everframe_bus_errors_total", "Errors that the bus client reported", ["kind"])
PUBLISHED = Counter("everframe_bus_published_total", "Events stored by the bus", ["type"])
DUPLICATES = Counter(
    "everframe_bus_published_duplicates_total", "Events that the bus already had", ["type"]
)
PUBLISH_RETRIES = Counter(
    "everframe_bus_publish_retries_total", "Repeated attempts to publish an event", ["type"]
)
HANDLED = Counter(
    "everframe_bus_handled_total", "Deliveries by how they ended", ["consumer", "outcome"]
)
REDELIVERIES = Counter(
    "everframe_bus_redeliveries_total", "Deliveries beyond an event's first", ["consumer"]
)
DEAD_LETTERS = Counter(
    "everframe_bus_dead_letters_total", "Events given up", ["consumer", "reason"]
)
HANDLER_SECONDS = Histogram(
    "everframe_bus_handler_seconds", "Time that handlers took", ["consumer"]
)
WATCH_RESTARTS = Counter(
    "everframe_bus_watch_restarts_total", "Watches begun again with a fresh snapshot", ["bucket"]
)
INVALID_VALUES = Counter(
    "everframe_bus_invalid_values_total", "Bucket values that do not fit their contract", ["bucket"]
)
ASKED = Counter("everframe_bus_asked_total", "Questions by how they ended", ["ask", "outcome"])
ANSWERED = Counter(
    "everframe_bus_answered_total", "Answered questions by how they ended", ["ask", "outcome"]
)
LIVE_PUBLISHED = Counter("everframe_bus_live_parts_published_total", "Live parts stored")
LIVE_RESTARTS = Counter(
    "everframe_bus_live_restarts_total", "Followed renditions begun again from what is retained"
)
LIVE_STREAMS_MADE = Counter(
    "everframe_bus_live_streams_made_total", "Times that the stream of live parts was made anew"
)
INVALID_LIVE_PARTS = Counter(
    "everframe_bus_invalid_live_parts_total", "Live parts skipped by a reader", ["reason"]
)
