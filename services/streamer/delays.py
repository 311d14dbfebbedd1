"""How old parts are when they leave."""

from libs.contracts.live import LivePart, Transport
from services.streamer import metrics
from services.streamer.part_log import end_ms


def observe_delay(part: LivePart, transport: Transport, *, now: float) -> None:
    """Note that a part's first byte was sent at `now`, Unix seconds."""
    captured, published = now - end_ms(part) / 1000, now - part.published_ms / 1000
    metrics.PART_DELAY.labels("capture", transport).observe(max(0.0, captured))
    metrics.PART_DELAY.labels("publish", transport).observe(max(0.0, published))
