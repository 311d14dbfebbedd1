"""How a scan ends before its time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from libs.contracts.asks import ScanNetwork
from services.discovery.scan import Scan, ScanStopped, ScanTools
from tests.waiting import eventually


class SlowSweeper:
    """Does not let go at once."""

    concurrency = 8

    def __init__(self) -> None:
        self.is_ending = False
        self.release = asyncio.Event()

    async def open_ports(
        self, host: str, ports: Sequence[int], on_checked: Callable[[], None]
    ) -> tuple[int, ...]:
        try:
            await asyncio.Event().wait()
        finally:
            self.is_ending = True
            await self.release.wait()
        return ()


async def test_a_scan_that_is_cancelled_twice_ends_like_one_that_is_cancelled_once():
    # The second word came while connections were being closed: its exception ended the service.
    sweeper = SlowSweeper()
    values: Any = {"sweeper": sweeper, "now": lambda: datetime.now(UTC), "most_seconds": 60.0}
    tools = cast("ScanTools", SimpleNamespace(**values))
    ask = ScanNetwork(scan_id="0" * 16, ports=(80,))
    scan = Scan(ask, ["192.0.2.7"], None, tools, on_change=lambda: None)
    running = asyncio.create_task(scan.run())
    await asyncio.sleep(0)

    scan.cancel()
    await eventually(lambda: sweeper.is_ending)
    scan.cancel()
    sweeper.release.set()

    with pytest.raises(ScanStopped):
        await running
