"""What happens now, for pages that are open: from what the bus says to server-sent events.

Nothing is kept for those who were away: they ask for the state anew. So a page opens the stream
first and asks then, and misses nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from libs.bus.keyvalue import Change, KeyValue
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected
from libs.contracts.messages import Event
from libs.contracts.recordings import RecordingCompleted
from libs.contracts.times import seconds_between
from services.api.access import Permission
from services.api.event_clients import Clients, Told
from services.api.recording_ids import recording_url_id
from services.api.schemas import GapView, MissingSpan, StatusView
from services.api.schemas_system import CameraHealthEvent, NoData, RecordingEvent

FIGURES_SECONDS = 10.0
"""How often figures of a camera are told whose state does not change, at most."""
SWEEP_SECONDS = 2.0
"""How often all cameras are looked at: that a recorder fell silent, nobody says."""
PAUSE_SECONDS = 0.2
"""Changes that come together are told together."""

STATE_OF_STATUS = frozenset({"name", "record", "state", "since", "detail", "recorder", "open_gap"})
STATE_OF_HEALTH = frozenset({"state", "since", "detail", "is_flapping"})

FOOTAGE = Permission.FOOTAGE_READ

View = Callable[[CameraConfig], StatusView]


@dataclass
class _Said:
    """What was told last of one thing about one camera."""

    content: dict[str, Any]
    at: float
    """Monotonic seconds."""


class EventHub:
    """Turns what is heard into events for the clients that follow them."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.clients = Clients()
        self._monotonic = monotonic
        self._configs: dict[str, CameraConfig] = {}
        """By bucket key."""
        self._heard: set[str] = set()
        """Keys of cameras about which something was said."""
        self._configured: set[str] = set()
        """Ids of cameras that were added, changed or deleted."""
        self._said: dict[tuple[str, str], _Said] = {}
        """By camera id and name of the event."""
        self._changed = asyncio.Event()
        self._next_sweep = 0.0

    # ---- what is heard ------------------------------------------------------
    def heard(self, key: str) -> None:
        """A recorder or discovery said something about the camera under a bucket key."""
        self._heard.add(key)
        self._changed.set()

    def on_camera(self, change: Change[CameraConfig]) -> None:
        """Take over one change of the `cameras` bucket."""
        known = self._configs.get(change.key)
        if change.is_snapshot_done or change.value == known:
            return
        if change.value is not None:
            self._configs[change.key] = change.value
            self._configured.add(change.value.camera_id)
        elif known is not None:
            del self._configs[change.key]
            self._configured.add(known.camera_id)
            self._forget(known.camera_id)
        self.heard(change.key)

    async def follow_cameras(self, bucket: KeyValue[CameraConfig]) -> None:
        """Follow the cameras' configuration until cancelled."""
        async for change in bucket.watch():
            self.on_camera(change)

    def on_stored(self, event: Event) -> None:
        """Tell of an event that is in the catalog now."""
        match event:
            case RecordingCompleted():
                self._tell("recording", recording_event(event), event.camera_id, needs=FOOTAGE)
            case GapDetected():
                self._tell("gap", gap_event(event), event.camera_id, needs=FOOTAGE)

    # ---- what is told -------------------------------------------------------
    async def run(self, view: View) -> None:
        """Tell of the cameras as `view` shows them, until cancelled or closed."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if self.clients:
                self.tell_changes(view)
            else:
                self._configured.clear()
                self._heard.clear()
            await asyncio.sleep(PAUSE_SECONDS)

    def tell_changes(self, view: View) -> None:
        """Tell what is other than what was told last."""
        configured, self._configured = self._configured, set()
        heard, self._heard = self._heard, set()
        if configured:
            self._tell("cameras", NoData(), *configured)
        now = self._monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_SECONDS
            heard = set(self._configs)
        for key in heard & self._configs.keys():
            self._tell_camera(view(self._configs[key]), now)

    def close(self) -> None:
        """Send away who follows, so that the server can stop."""
        self.clients.close()

    def _tell_camera(self, status: StatusView, now: float) -> None:
        health = CameraHealthEvent(camera_id=status.camera_id, health=status.health)
        content = status.model_dump(exclude={"health"})
        if self._is_news(status.camera_id, "camera-status", content, STATE_OF_STATUS, now):
            self._tell("camera-status", status, status.camera_id)
        content = status.health.model_dump()
        if self._is_news(status.camera_id, "camera-health", content, STATE_OF_HEALTH, now):
            self._tell("camera-health", health, status.camera_id)

    def _is_news(
        self, camera_id: str, name: str, content: dict[str, Any], state: frozenset[str], now: float
    ) -> bool:
        """Whether the state is another, or the figures are and were not told for a while."""
        said = self._said.get((camera_id, name))
        if said is not None:
            differs = {field for field in content if content[field] != said.content[field]}
            is_due = now - said.at >= FIGURES_SECONDS
            if not differs & state and not (differs and is_due):
                return False
        self._said[camera_id, name] = _Said(content, now)
        return True

    def _forget(self, camera_id: str) -> None:
        for name in ("camera-status", "camera-health"):
            self._said.pop((camera_id, name), None)

    def _tell(
        self,
        name: str,
        data: BaseModel,
        *camera_ids: str,
        needs: Permission = Permission.CAMERAS_READ,
    ) -> None:
        if not self.clients:
            return
        text = format_sse_event(data_str=data.model_dump_json(), event=name)
        self.clients.tell(Told(text, frozenset(camera_ids), needs))


def recording_event(event: RecordingCompleted) -> RecordingEvent:
    """Return what pages are told of a recording."""
    return RecordingEvent(
        camera_id=event.camera_id,
        id=recording_url_id(event.camera_id, event.started_at, event.epoch, event.stream),
        stream=event.stream,
        started_at=event.started_at,
        ended_at=event.ended_at,
        bytes=event.bytes,
    )


def gap_event(event: GapDetected) -> GapView:
    """Return a gap as it was reported; footage that exists of it is not subtracted."""
    start, end = event.started_at, event.ended_at
    missing = [] if end is None else [MissingSpan(started_at=start, ended_at=end)]
    return GapView(
        gap_id=event.gap_id,
        camera_id=event.camera_id,
        stream=event.stream,
        started_at=start,
        ended_at=end,
        reason=event.reason,
        detail=event.detail,
        recorder=event.recorder,
        state="open" if end is None else "missing",
        missing=missing,
        missing_seconds=sum(seconds_between(each.started_at, each.ended_at) for each in missing),
    )
