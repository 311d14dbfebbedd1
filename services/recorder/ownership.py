"""Which cameras this recorder holds: watches, leases, sharing, takeover."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, BusUnavailable, InvalidPayload, LeaseLost
from libs.bus.keyvalue import ChangeKind
from libs.contracts.cameras import CameraConfig, camera_key
from libs.contracts.live import Demand, LiveState, Rendition, rendition_key
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from libs.contracts.recordings import EndReason
from libs.runtime.service import supervise
from services.recorder import metrics
from services.recorder.assignment import Assignment, Environment
from services.recorder.connections import NO_RENDITIONS
from services.recorder.sharing import Plan, plan
from services.recorder.spool import SpoolEntry

log = structlog.get_logger()

RECONCILE_SECONDS = 0.5
SNAPSHOTS = frozenset({"configs", "leases", "presences", "progress"})
"""What must have been read before anything is decided. What is watched may become known later."""
HANDED_OVER_REST_SECONDS = 5.0
"""A camera that was just given up is left to the others for so long."""


class Ownership:
    """Keeps the held cameras in step with what is wanted, who is alive and who holds what."""

    def __init__(self, bus: Bus, env: Environment, spooled: Sequence[SpoolEntry]) -> None:
        ttl = int(env.settings.lease_ttl_seconds)
        self._env = env
        self._me = env.recorder
        self._lease = Lease(recorder=env.recorder, spool=env.spool)
        self._configs_kv = bus.kv(CameraConfig)
        self._progress_kv = bus.kv(RecordingProgress)
        self._leases = bus.leases(Lease, ttl_seconds=ttl)
        self._presences = bus.leases(Presence, ttl_seconds=ttl)
        self._demand_kv = bus.kv(Demand)
        self._live_kv = bus.kv(LiveState)
        self._bus = bus
        self._ttl_seconds = ttl
        self._spooled = spooled
        self._configs: dict[str, CameraConfig] = {}
        self._demand: dict[str, Demand] = {}
        self._holders: dict[str, str] = {}
        self._recorders: set[str] = {self._me}
        self._accounted: dict[str, datetime] = {}
        self._assignments: dict[str, Assignment] = {}
        self._free_since: dict[str, float] = {}
        self._rest_until: dict[str, float] = {}
        self._snapshots: set[str] = set()
        self._changed = asyncio.Event()
        self._is_closing = False
        self._is_present = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    @property
    def assignments(self) -> dict[str, Assignment]:
        """The held cameras, by key."""
        return self._assignments

    @property
    def is_ready(self) -> bool:
        """Whether the wanted state has been read."""
        return "configs" in self._snapshots

    def recorded(self, entry: SpoolEntry, until: datetime) -> None:
        """Pass on what the spool writer reports."""
        for assignment in self._assignments.values():
            if assignment.config.camera_id == entry.camera_id:
                assignment.recorded(entry, until)

    async def run(self) -> None:
        """Hold cameras until cancelled."""
        jobs = {
            "watch-cameras": self._watch_configs,
            "watch-leases": self._watch_leases,
            "watch-recorders": self._watch_presences,
            "watch-progress": self._watch_progress,
            "watch-demand": self._watch_demand,
            "stay-present": self._stay_present,
            "renew-leases": self._renew_leases,
            "reconcile": self._reconcile_forever,
            "report-progress": self._report_forever,
        }
        async with asyncio.TaskGroup() as group:
            for name, job in jobs.items():
                group.create_task(supervise(name, job, max_delay_seconds=5.0), name=name)

    async def close(self) -> None:
        """End every session, then let the others have the cameras."""
        self._is_closing = True
        await asyncio.gather(*self._operations.values())
        held = list(self._assignments.items())
        await asyncio.gather(*(self._shut_down(*item) for item in held))

    async def _shut_down(self, key: str, assignment: Assignment) -> None:
        """One camera, without waiting for the others."""
        await assignment.end(EndReason.SHUTDOWN)
        with contextlib.suppress(BusError):
            await self._save_progress(key, assignment)
            await self._leases.release(key, assignment.revision)
        self._assignments.pop(key, None)

    # ---- watches ------------------------------------------------------------
    async def _watch_configs(self) -> None:
        async with aclosing(self._configs_kv.watch()) as changes:
            async for change in changes:
                if change.kind is ChangeKind.SNAPSHOT_DONE:
                    self._snapshots.add("configs")
                elif change.value is not None:
                    if change.value.site == self._env.settings.site:
                        self._configs[change.key] = change.value
                elif change.kind is ChangeKind.DELETED:
                    self._configs.pop(change.key, None)
                self._changed.set()

    async def _watch_leases(self) -> None:
        async with aclosing(self._leases.watch()) as changes:
            async for change in changes:
                if change.is_snapshot_done:
                    self._snapshots.add("leases")
                elif change.holder is None:
                    self._holders.pop(change.key, None)
                else:
                    self._holders[change.key] = change.holder.recorder
                self._changed.set()

    async def _watch_presences(self) -> None:
        async with aclosing(self._presences.watch()) as changes:
            async for change in changes:
                if change.is_snapshot_done:
                    self._snapshots.add("presences")
                elif change.holder is None:
                    self._recorders.discard(change.key)
                else:
                    self._recorders.add(change.key)
                self._recorders.add(self._me)
                self._changed.set()

    async def _watch_progress(self) -> None:
        async with aclosing(self._progress_kv.watch()) as changes:
            async for change in changes:
                if change.is_snapshot_done:
                    self._snapshots.add("progress")
                elif change.value is not None:
                    self._accounted[change.key] = change.value.accounted_until
                else:
                    self._accounted.pop(change.key, None)

    async def _watch_demand(self) -> None:
        async with aclosing(self._demand_kv.watch()) as changes:
            async for change in changes:
                if change.value is not None:
                    self._demand[change.key] = change.value
                elif not change.is_snapshot_done:
                    self._demand.pop(change.key, None)
                self._changed.set()

    def _watched(self, key: str, config: CameraConfig) -> frozenset[Rendition]:
        """Which of a camera's renditions somebody watches."""
        renditions = {
            demand.rendition
            for demand in self._demand.values()
            if camera_key(demand.site, demand.camera_id) == key
        }
        if config.sub_url is None:
            renditions.discard(Rendition.SUB)
        return frozenset(renditions)

    # ---- leases -------------------------------------------------------------
    async def _stay_present(self) -> None:
        me = Presence(recorder=self._me, spool=self._env.spool)
        revision = await self._presences.acquire(self._me, me)
        try:
            while revision is not None:
                self._is_present = True
                await asyncio.sleep(self._ttl_seconds / 3)
                with contextlib.suppress(BusUnavailable):
                    revision = await self._presences.renew(self._me, me, revision)
        finally:
            self._is_present = False
        log.error(
            "recorder.instance_taken",
            instance=self._me,
            fix="another recorder has this name; set EVERFRAME_RECORDER_INSTANCE",
        )

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._ttl_seconds / 3)
            await asyncio.gather(*(self._renew(*item) for item in self._assignments.items()))

    async def _renew(self, key: str, assignment: Assignment) -> None:
        try:
            assignment.revision = await self._leases.renew(key, self._lease, assignment.revision)
        except BusUnavailable:
            log.warning("lease.not_renewed", camera_id=assignment.config.camera_id)
        except LeaseLost:
            log.warning("lease.lost", camera_id=assignment.config.camera_id)
            self._operate(key, self._lose(key, assignment))

    # ---- reconcile ----------------------------------------------------------
    async def _reconcile_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECONCILE_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if self._is_closing or len(self._snapshots) < len(SNAPSHOTS):
                continue
            self._follow_configs()
            if self._bus.is_connected and self._is_present:
                await self._share()
            metrics.CAMERAS.set(len(self._assignments))

    def _follow_configs(self) -> None:
        """Bring every held camera in line with its configuration."""
        for key, assignment in self._assignments.items():
            if key in self._operations:
                continue  # looked at again when it is done
            config = self._configs.get(key)
            if config is None:
                self._operate(key, self._forget(key, assignment))
                continue
            must_reconnect = config != assignment.config and assignment.update(config)
            if must_reconnect:
                self._operate(key, assignment.reconnect())
            elif config.is_recording_wanted and not assignment.is_recording_wanted:
                assignment.switch_on()
            elif assignment.is_recording_wanted and not config.is_recording_wanted:
                self._operate(key, self._switch_off(assignment, config))
            elif assignment.watch(self._watched(key, config)):
                self._operate(key, assignment.release())
            elif assignment.is_idle:
                self._operate(key, self._hand_back(key, assignment))

    def _operate(self, key: str, operation: Coroutine[None, None, None]) -> None:
        """Run what may wait for a camera's thread, one at a time per camera, beside the rest."""
        if key in self._operations:
            operation.close()
            return
        task = asyncio.create_task(self._attend(key, operation), name=f"operate-{key}")
        self._operations[key] = task

    async def _attend(self, key: str, operation: Coroutine[None, None, None]) -> None:
        try:
            await operation
        except Exception:  # the camera is looked at again by the next reconciliation
            log.exception("camera.operation_failed", key=key)
        finally:
            self._operations.pop(key, None)
            self._changed.set()

    async def _forget(self, key: str, assignment: Assignment) -> None:
        """The camera was deleted."""
        assignment.watch(NO_RENDITIONS)
        await assignment.switch_off(datetime.now(UTC))
        await assignment.release()
        self._assignments.pop(key, None)
        with contextlib.suppress(BusUnavailable):
            await self._progress_kv.delete(key)
            for rendition in Rendition:
                config = assignment.config
                live_key = rendition_key(config.site, config.camera_id, rendition)
                await self._live_kv.delete(live_key)
            await self._leases.release(key, assignment.revision)

    async def _switch_off(self, assignment: Assignment, config: CameraConfig) -> None:
        ends = [w.ended_at for w in config.wanted if w.ended_at is not None]
        await assignment.switch_off(max(ends, default=datetime.now(UTC)))

    async def _give_up(self, key: str, assignment: Assignment) -> None:
        await assignment.end(EndReason.HANDOVER)
        await self._hand_back(key, assignment)

    async def _lose(self, key: str, assignment: Assignment) -> None:
        """Another recorder holds the camera now."""
        self._assignments.pop(key, None)
        await assignment.end(EndReason.HANDOVER)
        found = None
        with contextlib.suppress(BusUnavailable, InvalidPayload):
            found = await self._progress_kv.get(key)
        assignment.left_to(found.value if found else None)

    async def _share(self) -> None:
        """Take what is free and due here; hand over where the shares are uneven.

        Recorded cameras are shared as if nobody watched anything: a viewer must cost no footage.
        """
        now = time.monotonic()
        holders = {key: who for key, who in self._holders.items() if who != self._me}
        holders |= dict.fromkeys(self._assignments, self._me)
        recorded = {key for key, config in self._configs.items() if self._is_due(key, config)}
        watched = {key for key, config in self._configs.items() if self._watched(key, config)}
        free = (recorded | watched) - holders.keys()
        self._free_since = {key: self._free_since.get(key, now) for key in free}
        room = self._env.settings.max_cameras
        decision = self._plan(recorded, holders, room)
        await self._take_free(decision, now)
        room -= len(self._assignments.keys() & recorded)
        await self._take_free(self._plan(watched - recorded, holders, room), now)
        only_watched = self._assignments.keys() - recorded
        give_up = decision.give_up if len(only_watched) <= room else max(only_watched)
        if give_up is not None and give_up not in self._operations:
            self._rest_until[give_up] = now + HANDED_OVER_REST_SECONDS
            self._operate(give_up, self._give_up(give_up, self._assignments[give_up]))

    def _plan(self, wanted: set[str], holders: dict[str, str], room: int) -> Plan:
        now = time.monotonic()
        return plan(
            me=self._me,
            recorders=self._recorders,
            wanted=wanted,
            holders={key: who for key, who in holders.items() if key in wanted},
            resting={key for key, until in self._rest_until.items() if until > now},
            max_cameras=room,
        )

    async def _take_free(self, decision: Plan, now: float) -> None:
        for key in decision.take:
            is_due = now - self._free_since[key] >= decision.wait_seconds
            if is_due and key not in self._operations:
                await self._take(key)

    def _is_due(self, key: str, config: CameraConfig) -> bool:
        """Whether there is something to record, or wanted time that nobody accounted for."""
        if config.is_recording_wanted:
            return True
        accounted = self._accounted.get(key)
        ends = [interval.ended_at for interval in config.wanted if interval.ended_at is not None]
        return any(accounted is None or end > accounted for end in ends)

    async def _take(self, key: str) -> None:
        epoch = await self._leases.acquire(key, self._lease)
        if epoch is None:
            return
        try:
            entry = await self._progress_kv.get(key)
        except InvalidPayload as error:
            log.error("progress.unreadable", key=key, reason=str(error))
            entry = None
        config = self._configs.get(key)
        if config is None or self._is_closing:
            await self._leases.release(key, epoch)
            return
        assignment = Assignment(config, epoch=epoch, revision=epoch, env=self._env)
        self._assignments[key] = assignment
        self._holders[key] = self._me
        log.info("camera.taken", camera_id=config.camera_id, epoch=epoch)
        spooled = [e for e in self._spooled if e.camera_id == config.camera_id]
        assignment.begin(entry.value if entry else None, spooled)
        self._changed.set()
        await self._save_progress(key, assignment)
        self._accounted[key] = datetime.now(UTC)

    async def _hand_back(self, key: str, assignment: Assignment) -> None:
        """Save how far the camera is accounted for, then release it."""
        with contextlib.suppress(BusUnavailable):
            await self._save_progress(key, assignment)
            await self._leases.release(key, assignment.revision)
        self._assignments.pop(key, None)
        self._holders.pop(key, None)
        log.info("camera.released", camera_id=assignment.config.camera_id)

    # ---- progress -----------------------------------------------------------
    async def _report_forever(self) -> None:
        loop = asyncio.get_running_loop()
        for second in itertools.count():
            await asyncio.sleep(1.0)
            held = list(self._assignments.items())
            for _, assignment in held:
                assignment.tick(loop.time())
            # half of the cameras in one second, half in the next: each write is synced by the bus
            due = [item for number, item in enumerate(held) if number % 2 == second % 2]
            if self._bus.is_connected:
                await asyncio.gather(*(self._try_save(key, a) for key, a in due))

    async def _try_save(self, key: str, assignment: Assignment) -> None:
        with contextlib.suppress(BusUnavailable):
            await self._save_progress(key, assignment)

    async def _save_progress(self, key: str, assignment: Assignment) -> None:
        progress = assignment.progress()
        if progress is not None and key in self._assignments:
            await self._progress_kv.put(key, progress)
