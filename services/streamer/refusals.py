"""Why somebody may not watch, in words for viewers."""

from typing import Literal

from services.streamer import metrics

Reason = Literal["viewer", "camera", "total", "closing", "rendition", "removed"]

# A WebSocket's close frame takes 123 bytes of it.
_DETAILS: dict[Reason, str] = {
    "viewer": "this viewer has too many requests waiting; let some be answered first",
    "camera": "this camera has as many viewers as are allowed; try again when one has left",
    "total": "this server has as many viewers as are allowed; try again when one has left",
    "closing": "this server stops; ask again, another one answers",
    "rendition": "this live address shows no sub-stream: set the camera's sub_url and ask for a "
    "new one, or watch main",
    "removed": "this camera was deleted",
}


class Refused(Exception):
    """Somebody is turned away; `detail` is for the viewer."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(_DETAILS[reason])
        self.reason = reason
        self.detail = _DETAILS[reason]


def refused(reason: Reason) -> Refused:
    """Return what to raise; counted."""
    metrics.REFUSED.labels(reason).inc()
    return Refused(reason)
