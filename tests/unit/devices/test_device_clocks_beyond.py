"""Clocks at the ends of the calendar: what is added to them would leave it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.clock import measure, naive
from libs.devices.onvif.clock import measure_clock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Client:
    """An ONVIF device whose clock shows the first second of a year."""

    def __init__(self, year: int) -> None:
        self.clock_offset = None
        self._year = year

    def now(self) -> datetime:
        return NOW

    async def call(self, *_: str, **__: str) -> Any:
        date = SimpleNamespace(Year=self._year, Month=1, Day=1)
        time = SimpleNamespace(Hour=0, Minute=0, Second=0)
        return SimpleNamespace(UTCDateTime=SimpleNamespace(Date=date, Time=time))


@pytest.mark.parametrize("year", [1, 9999])
async def test_an_onvif_clock_outside_of_the_calendar_is_not_believed(year: int) -> None:
    # The tokens of all logins and the windows of listings followed it, and overflowed.
    client = Client(year)

    with pytest.raises(DeviceError) as caught:
        await measure_clock(client)  # type: ignore[arg-type]  # all that it uses

    assert caught.value.reason is FailureReason.PROTOCOL
    assert client.clock_offset is None


@pytest.mark.parametrize("year", [1, 9999])
def test_a_library_s_clock_outside_of_the_calendar_is_not_believed(year: int) -> None:
    # The windows of listings followed it, and overflowed.
    shown = naive((year, 1, 1, 0, 0, 0))

    with pytest.raises(DeviceError) as caught:
        measure(shown, asked_at=NOW, answered_at=NOW, daylight_saving=None, earlier=None)

    assert caught.value.reason is FailureReason.PROTOCOL
