"""Who watches: counts, limits, and the events that say when somebody began and ended."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from libs.contracts.cameras import camera_key
from libs.contracts.live import Rendition, Transport, ViewingStarted, ViewingStopped
from libs.contracts.times import from_unix_seconds
from libs.runtime.clock import Clock
from libs.web.live_tokens import LiveAccess
from services.streamer import metrics
from services.streamer.refusals import refused
from services.streamer.settings import StreamerSettings

CounterKey = TypeVar("CounterKey")
ViewerKey = tuple[str, str, Transport, Rendition]


@dataclass
class Viewer:
    """One token's holder watching one rendition by one transport."""

    access: LiveAccess
    rendition: Rendition
    transport: Transport
    uses: int = 0
    """Requests or sockets that are open now."""
    last_seen: float = 0.0
    """Monotonic seconds."""
    started: ViewingStarted | None = None
    """What was told when media was sent first; nobody watches before that."""


class Viewers:
    """Everybody who watches from this instance."""

    def __init__(
        self,
        settings: StreamerSettings,
        *,
        streamer: str,
        publish: Callable[[ViewingStarted | ViewingStopped], None],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._streamer = streamer
        self._publish = publish
        self._clock = clock
        self._viewers: dict[ViewerKey, Viewer] = {}
        self._by_camera: Counter[str] = Counter()
        self._by_rendition: Counter[tuple[str, Rendition]] = Counter()
        self._busy: Counter[str] = Counter()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._viewers)

    def is_watched(self, camera_id: str, rendition: Rendition) -> bool:
        """Whether anybody watches."""
        return self._by_rendition[camera_id, rendition] > 0

    @contextmanager
    def request(self, access: LiveAccess) -> Iterator[None]:
        """One request of a viewer; raises Refused when too many are open."""
        if self._is_closed:
            raise refused("closing")
        if self._busy[access.viewer_id] >= self._settings.max_requests_per_viewer:
            raise refused("viewer")
        self._busy[access.viewer_id] += 1
        try:
            yield
        finally:
            _count_down(self._busy, access.viewer_id)

    @contextmanager
    def watching(
        self, access: LiveAccess, rendition: Rendition, transport: Transport
    ) -> Iterator[Viewer]:
        """One request or socket of somebody who watches; raises Refused at a limit.

        A viewer by WebSocket leaves with the last socket, one by LL-HLS when nothing was asked
        for `viewer_idle_seconds`.
        """
        with self.request(access):
            viewer = self._enter(access, rendition, transport)
            viewer.uses += 1
            try:
                yield viewer
            finally:
                viewer.uses -= 1
                viewer.last_seen = self._clock.monotonic()
                if transport == "websocket" and not viewer.uses:
                    self._leave(viewer)

    def started(self, viewer: Viewer) -> None:
        """Media was sent to a viewer."""
        if viewer.started is not None or not self._is_here(viewer):
            return
        access = viewer.access
        viewer.started = ViewingStarted(
            camera_id=access.camera_id,
            site=access.site,
            viewer_id=access.viewer_id,
            viewer=access.viewer,
            rendition=viewer.rendition,
            transport=viewer.transport,
            started_at=from_unix_seconds(self._clock.unix()),
            streamer=self._streamer,
        )
        self._publish(viewer.started)

    def sweep(self) -> None:
        """Let those go who ask for nothing any more."""
        now = self._clock.monotonic()
        for viewer in list(self._viewers.values()):
            idle_seconds = now - viewer.last_seen
            if not viewer.uses and idle_seconds > self._settings.viewer_idle_seconds:
                self._leave(viewer)

    def remove(self, key: str) -> None:
        """End all viewing of the camera with this key of per-camera state: it was deleted."""
        for viewer in list(self._viewers.values()):
            if camera_key(viewer.access.site, viewer.access.camera_id) == key:
                self._leave(viewer, "refused")

    def close(self) -> None:
        """End all viewing, take nobody new."""
        self._is_closed = True
        for viewer in list(self._viewers.values()):
            self._leave(viewer, "shutdown")

    def _enter(self, access: LiveAccess, rendition: Rendition, transport: Transport) -> Viewer:
        key = (access.camera_id, access.viewer_id, transport, rendition)
        if (known := self._viewers.get(key)) is not None:
            if access.expires_at > known.access.expires_at:
                known.access = access
            return known
        if self._by_camera[access.camera_id] >= self._settings.max_viewers_per_camera:
            raise refused("camera")
        if len(self._viewers) >= self._settings.max_viewers:
            raise refused("total")
        viewer = self._viewers[key] = Viewer(access, rendition, transport)
        self._by_camera[access.camera_id] += 1
        self._by_rendition[access.camera_id, rendition] += 1
        metrics.VIEWERS.labels(access.camera_id, transport).inc()
        return viewer

    def _is_here(self, viewer: Viewer) -> bool:
        """Whether a viewer has not left; somebody with the same token may have come since."""
        return self._viewers.get(_key(viewer)) is viewer

    def _leave(self, viewer: Viewer, reason: Literal["shutdown", "refused"] | None = None) -> None:
        if not self._is_here(viewer):
            return
        del self._viewers[_key(viewer)]
        access = viewer.access
        _count_down(self._by_camera, access.camera_id)
        _count_down(self._by_rendition, (access.camera_id, viewer.rendition))
        metrics.VIEWERS.labels(access.camera_id, viewer.transport).dec()
        if viewer.started is None:
            return
        is_expired = access.expires_at <= self._clock.unix()
        self._publish(
            ViewingStopped(
                **viewer.started.model_dump(),
                ended_at=from_unix_seconds(self._clock.unix()),
                reason=reason or ("refused" if is_expired else "left"),
            )
        )


def _key(viewer: Viewer) -> ViewerKey:
    access = viewer.access
    return access.camera_id, access.viewer_id, viewer.transport, viewer.rendition


def _count_down(counter: Counter[CounterKey], key: CounterKey) -> None:
    """Count one less; what is at zero is forgotten."""
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
