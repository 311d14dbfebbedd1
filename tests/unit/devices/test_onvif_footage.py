"""Footage of recordings whose device tells no events, and nonsense of their first moment."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Window
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.faults import OnvifFault
from libs.devices.onvif.footage import list_recording
from libs.devices.onvif.recordings import Recording

NOW = datetime(2025, 3, 5, 12, 20, tzinfo=UTC)


class NoEvents(OnvifClient):
    """A device that does not know FindEvents."""

    async def call(self, service, operation, params=None, *, login="always"):
        error = OnvifFault(["Sender", "ActionNotSupported"])
        assert error.reason is FailureReason.UNSUPPORTED
        raise error


@pytest.mark.parametrize("year", [1, 1970, 2025])
async def test_only_the_hours_of_the_window_are_listed_whenever_the_recording_began(year):
    # All hours since the year 1 were counted, which kept everything else waiting for a minute.
    client = NoEvents(
        Address("127.0.0.1", 9), None, Breaker(lambda: NOW), now=lambda: NOW, timeout_seconds=1.0
    )
    recording = Recording(
        token="r",
        track="v",
        sources=(),
        source_name="",
        is_recording=True,
        data_from=datetime(year, 1, 1, tzinfo=UTC),
        data_to=NOW,
    )

    pieces = await list_recording(client, recording, Window(NOW - timedelta(hours=3), NOW))
    await client.aclose()

    hours = [NOW.replace(hour=hour, minute=0) for hour in (9, 10, 11, 12)]
    assert [piece.start for piece in pieces] == hours
    assert [piece.end for piece in pieces] == [*hours[1:], NOW]
    assert [piece.goes_on for piece in pieces] == [False, False, False, True]
