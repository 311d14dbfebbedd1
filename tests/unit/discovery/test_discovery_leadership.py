"""Who leads goes on leading, whatever the bus says but that somebody else has the lease."""

import asyncio
from typing import Any, cast

from libs.bus.client import Bus
from libs.bus.errors import BusError, LeaseLost, TopologyDrift
from services.discovery.leadership import Leadership
from tests.waiting import eventually, running


class Leases:
    """Answers renewals with what it is told."""

    def __init__(self, *answers: BusError) -> None:
        self._answers = list(answers)
        self.renewals = 0

    async def acquire(self, key: str, value: object) -> int | None:
        return 1 if self._answers else None

    async def renew(self, key: str, value: object, revision: int) -> int:
        self.renewals += 1
        raise self._answers.pop(0)

    async def release(self, key: str, revision: int) -> None:
        return


class FakeBus:
    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def leases(self, *_: Any, **__: Any) -> Leases:
        return self._leases


async def test_only_somebody_else_s_lease_ends_the_work():
    # A bucket that was deleted raises TopologyDrift, which ended the whole service.
    leases = Leases(TopologyDrift("no such bucket"), LeaseLost("another has it"))
    started, ended = [], []

    async def work() -> None:
        started.append(leases.renewals)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(leases.renewals)

    bus = cast("Bus", FakeBus(leases))
    leadership = Leadership(bus, site="main", instance="1", ttl_seconds=0)
    async with running(leadership.run(work)):
        await eventually(lambda: ended == [2])

    assert started == [0]
