"""How ISAPI firmware reads and writes the times of searches, right or wrong."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.isapi_xml import IsapiError
from tools.camera_sim.devices.timeline import StoredFile
from tools.camera_sim.devices.wall_clock import WallClock

_TIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)


class SearchTimes:
    """Times by the device's clock; `clock_mode` of the faults says what a Z means."""

    def __init__(self, clock: WallClock, faults: DeviceFaults) -> None:
        self._clock, self._faults = clock, faults

    def read(self, given: str) -> datetime:
        """A time of a query, as this firmware understands it; without a zone: wall clock."""
        matched = _TIME.fullmatch(given)
        if matched is None:
            raise IsapiError(400, 6, "badParameters")
        try:
            return self._understood(matched[1], (matched[2] or "").upper())
        except (ValueError, OverflowError) as error:
            raise IsapiError(400, 6, "badParameters") from error

    def _understood(self, wall: str, zone: str) -> datetime:
        naive = datetime.fromisoformat(wall)
        if self._faults.clock_mode == "local":
            return naive  # whatever stands behind it
        if not zone:
            return naive.replace(tzinfo=UTC) - self._clock.offset(naive.replace(tzinfo=UTC))
        return datetime.fromisoformat(wall + zone).astimezone(UTC)

    def overlap(self, file: StoredFile, start: datetime, end: datetime) -> bool:
        """Firmware on local time compares wall clocks, also in the hour that comes twice."""
        begin = self._clock.of(file.started_at)
        stop = self._clock.of(file.ended_at)
        if self._faults.clock_mode == "local":
            begin, stop = self._clock.naive(begin), self._clock.naive(stop)
            stop = max(stop, begin + timedelta(seconds=1))
        return begin < end and stop > start

    def written(self, true: datetime) -> str:
        """A file's time as this firmware writes it, in whole seconds."""
        mode = self._faults.clock_mode
        utc = self._clock.of(true)
        if mode == "utc":
            return utc.strftime("%Y-%m-%dT%H:%M:%SZ")
        local = self._clock.local(utc)
        if mode == "local":
            return local.strftime("%Y-%m-%dT%H:%M:%SZ")
        return local.isoformat(timespec="seconds")
