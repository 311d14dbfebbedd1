"""The health of all cameras of a site: each checked in its turn, changes told once."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from libs.bus.client import Bus
from libs.contracts.cameras import CameraConfig, CameraState, camera_key
from libs.contracts.devices import FailureReason, LoginState
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from libs.contracts.ownership import RecordingProgress
from libs.devices.breaker import Breaker
from libs.devices.errors import DeviceError
from libs.runtime.service import supervise
from services.discovery import metrics
from services.discovery.breakers import REMEMBERED_SECONDS
from services.discovery.checks import Checker, Finding
from services.discovery.damping import CONFIRM_SECONDS, Damping, Verdict
from services.discovery.devices import DeviceRegistry
from services.discovery.latest import LatestValues
from services.discovery.recorder_news import RecorderNews

log = structlog.get_logger()

MOST_AT_ONCE: Final = 64
"""So many that do not answer must not hold up the others for longer than their minute."""
_FIRST_SPREAD_SECONDS: Final = 20.0
"""After a start the cameras are checked over so long, not all at once."""

_PAUSE_SECONDS: Final = 0.25
_FLOWING: Final = frozenset({CameraState.RECORDING, CameraState.LIVE})
_FLAPPING: Final = "The camera comes and goes."


@dataclass(eq=False)
class _Watched:
    """One camera, as it is wanted and as it was found."""

    config: CameraConfig
    damping: Damping
    health: CameraHealth
    breaker: Breaker
    """For a camera whose login is no registered device's."""
    login_at: datetime | None = None
    """When its login was last changed; None: not since it is watched."""
    first_wait: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class HealthWatch:
    """Checks cameras; run by the leading instance only."""

    def __init__(
        self,
        bus: Bus,
        registry: DeviceRegistry,
        checker: Checker,
        *,
        site: str,
        health_seconds: float,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        first_spread_seconds: float = _FIRST_SPREAD_SECONDS,
        confirm_seconds: float = CONFIRM_SECONDS,
    ) -> None:
        self._bus = bus
        self._registry = registry
        self._checker = checker
        self._site = site
        self._health_seconds = health_seconds
        self._now = now
        self._monotonic = monotonic
        self._first_spread_seconds = first_spread_seconds
        self._confirm_seconds = confirm_seconds
        self._stored = bus.kv(CameraHealth)
        self._news = RecorderNews(
            bus.kv(RecordingProgress), on_change=self._wake, now=now, monotonic=monotonic
        )
        self._values = LatestValues(
            self._stored, bucket=CameraHealth.bucket, before=self._tell_change
        )
        self._cameras: dict[str, _Watched] = {}
        self._told: dict[str, CameraHealth] = {}
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._is_started = False
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def cameras(self) -> Mapping[str, CameraHealth]:
        """The present health by key."""
        return {key: watched.health for key, watched in self._cameras.items()}

    async def load(self) -> None:
        """Read what was last told of each camera; before the first camera is told."""
        stored = await self._stored.all()
        self._told = {key: entry.value for key, entry in stored.items()}

    async def run(self) -> None:
        """Check until cancelled. Cameras are told by `camera_changed` and `camera_removed`."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                jobs = {"health-values": self._values.run, "health-progress": self._news.follow}
                for name, job in jobs.items():
                    tasks.create_task(supervise(name, job), name=name)
                for watched in self._cameras.values():
                    self._begin(watched, tasks)
        finally:
            metrics.CAMERAS.clear()  # the next leader counts them

    # what is to be watched

    def camera_changed(self, camera: CameraConfig) -> None:
        """Take a camera over; another URL or login is checked at once."""
        watched = self._cameras.get(camera.key)
        if watched is None:
            self._add(camera)
            return
        before, watched.config = watched.config, camera
        if (before.url, before.credentials) != (camera.url, camera.credentials):
            watched.breaker, watched.login_at = Breaker(self._now), self._now()
        if before.session_differs(camera) or before.device_id != camera.device_id:
            watched.wake.set()

    def camera_removed(self, key: str) -> None:
        """Forget a camera, and what is stored of its health."""
        watched = self._cameras.pop(key, None)
        if watched is not None and watched.task is not None:
            watched.task.cancel()
        self._told.pop(key, None)
        self._values.delete(key)
        self._count()

    def cameras_complete(self) -> None:
        """All cameras that there are have been told: what else is stored belongs to none."""
        self._is_started = True
        for key, health in list(self._told.items()):
            if health.site == self._site and key not in self._cameras:
                self.camera_removed(key)

    def _add(self, camera: CameraConfig) -> None:
        moment = self._now()
        before = self._told.get(camera.key)
        health = before or CameraHealth(
            camera_id=camera.camera_id,
            site=camera.site,
            state=HealthState.UNKNOWN,
            since=moment,
            checked_at=moment,
        )
        watched = _Watched(camera, Damping(health.state), health, self._first_breaker(before))
        # a camera that is added later is checked at once: somebody waits for the result
        if not self._is_started:
            spread = self._first_spread_seconds
            watched.first_wait = random.uniform(0, spread)  # noqa: S311 - spreading load
        self._cameras[camera.key] = watched
        if self._tasks is not None:
            self._begin(watched, self._tasks)

    def _first_breaker(self, before: CameraHealth | None) -> Breaker:
        """Return a breaker that is open for a while when the login was rejected before a restart.

        Nobody knows whether the login is still the same; one try in ten minutes locks nobody out.
        """
        state = LoginState()
        if before is not None and before.state is HealthState.UNAUTHORIZED:
            until = before.checked_at + timedelta(seconds=REMEMBERED_SECONDS)
            failure = DeviceError(
                FailureReason.UNAUTHORIZED, "the login was rejected", locked_until=until
            ).failure
            state = LoginState(failure=failure, opened_at=before.checked_at)
        return Breaker(self._now, state=state)

    # checking

    def _wake(self, key: str) -> None:
        if (watched := self._cameras.get(key)) is not None:
            watched.wake.set()

    def _begin(self, watched: _Watched, tasks: asyncio.TaskGroup) -> None:
        key = watched.config.key
        watched.task = tasks.create_task(self._keep(watched), name=f"health {key}")

    async def _keep(self, watched: _Watched) -> None:
        wait = watched.first_wait
        while True:
            try:
                async with asyncio.timeout(wait):
                    await watched.wake.wait()
            except TimeoutError:
                pass
            watched.wake.clear()
            async with self._turns:
                wait = await self._check(watched)
            # a recorder that changes its mind all the time must not make us do so
            await asyncio.sleep(min(_PAUSE_SECONDS, wait))

    async def _check(self, watched: _Watched) -> float:
        """Check once and note what was found; return when to check again."""
        progress = self._news.fresh(watched.config.key)
        breaker = self._registry.breaker_for(watched.config) or watched.breaker
        if progress is not None:
            self._learn_login(watched, progress)
        config = watched.config
        found = await self._checker.check(config, progress, breaker)
        if watched.config is not config and watched.wake.is_set():
            return 0.0  # it is another camera by now
        metrics.HEALTH_CHECKS.labels(found.state, found.proof).inc()
        verdict = watched.damping.push(found.state, self._monotonic())
        self._note(watched, found, verdict)
        if found.state is HealthState.UNKNOWN:
            return self._confirm_seconds
        if verdict.check_again_seconds is not None:
            scale = self._confirm_seconds / CONFIRM_SECONDS
            return min(self._health_seconds, verdict.check_again_seconds * scale)
        return self._health_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - same

    def _learn_login(self, watched: _Watched, progress: RecordingProgress) -> None:
        """What the recorder's login met holds for ours, where it is the same."""
        if progress.state is CameraState.UNAUTHORIZED:
            if watched.login_at is not None and progress.state_since <= watched.login_at:
                return  # it does not know the new login yet
            self._registry.recorder_was_rejected(
                watched.config, progress.state_since, progress.detail
            )
            watched.breaker.note(DeviceError(FailureReason.UNAUTHORIZED, progress.detail))
        elif progress.state in _FLOWING:
            watched.breaker.close()

    def _note(self, watched: _Watched, found: Finding, verdict: Verdict) -> None:
        moment = self._now()
        before = watched.health
        is_change = verdict.state is not before.state
        # while something is to be confirmed, or is held, the words of what it counts as stay
        detail = (
            found.detail
            if found.state in {verdict.state, HealthState.UNKNOWN}
            else (before.detail if not is_change else "")
        )
        if found.state is HealthState.UNKNOWN and before.state is not HealthState.UNKNOWN:
            detail = before.detail
        if verdict.is_flapping and not detail.startswith(_FLAPPING):
            detail = f"{_FLAPPING} {detail}".strip()
        watched.health = CameraHealth(
            camera_id=before.camera_id,
            site=before.site,
            state=verdict.state,
            since=moment if is_change else before.since,
            checked_at=moment,
            proof=found.proof,
            detail=detail,
            rtt_ms=found.rtt_ms,
            is_flapping=verdict.is_flapping,
        )
        key = watched.config.key
        if self._cameras.get(key) is not watched:
            return
        if is_change:
            log.info("camera.health_changed", camera_id=before.camera_id, state=verdict.state)
        self._values.put(key, watched.health)
        self._count()

    async def _tell_change(self, health: CameraHealth) -> None:
        """Publish the change before its value is stored: a stop in between repeats it at worst."""
        key = camera_key(health.site, health.camera_id)
        before = self._told.get(key)
        previous = before.state if before is not None else HealthState.UNKNOWN
        if health.state is not previous:
            await self._bus.publish(
                CameraHealthChanged(
                    camera_id=health.camera_id,
                    site=health.site,
                    state=health.state,
                    previous=previous,
                    since=health.since,
                    checked_at=health.checked_at,
                    detail=health.detail,
                    is_flapping=health.is_flapping,
                )
            )
        if key in self._cameras:
            self._told[key] = health

    def _count(self) -> None:
        found = Counter(watched.health.state for watched in self._cameras.values())
        for state in HealthState:
            metrics.CAMERAS.labels(state).set(found[state])
