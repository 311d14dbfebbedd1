"""Which host a probe connects to: the address that was checked, or the name in a certificate."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet

from libs.contracts.asks import ProbeCamera
from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.rtsp import RtspAnswer
from libs.runtime.credentials import CredentialBox
from services.discovery.addresses import AddressRules
from services.discovery.breakers import BreakerTable
from services.discovery.logins import Logins
from services.discovery.probe import Prober


class Rtsp:
    """Remembers where it was to connect to."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def options(
        self, url: str, *, timeout_seconds: float, verify_tls: bool = False
    ) -> RtspAnswer:
        self.asked.append(url)
        raise DeviceError(FailureReason.REFUSED, "nothing listens")

    async def describe(self, *_: Any, **__: Any) -> RtspAnswer:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("url", "host"),
    [("rtsp://localhost:8554/x", "127.0.0.1"), ("rtsps://localhost:8554/x", "localhost")],
)
async def test_only_a_name_that_a_certificate_proves_is_looked_up_again(url: str, host: str):
    # A name without a certificate could have another, forbidden address at the second look.
    def now() -> datetime:
        return datetime.now(UTC)

    rtsp = Rtsp()
    box = CredentialBox(Fernet.generate_key().decode())
    unused = ("watch", "sweeper", "recogniser", "inspector", "breaker_of")
    parts: dict[str, Any] = dict.fromkeys(unused)
    prober = Prober(
        rules=AddressRules(allow_loopback=True),
        rtsp=rtsp,
        breakers=BreakerTable(now, time.monotonic),
        logins=Logins(box),
        now=now,
        timeout_seconds=5.0,
        **parts,
    )
    await prober.probe(ProbeCamera(url=url, verify_tls=True))
    prober.close()

    assert [asked.partition("//")[2].partition(":")[0] for asked in rtsp.asked] == [host]
