"""UsernameToken: the login within a SOAP message (WS-Security UsernameToken Profile 1.0)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from zeep.wsse.username import UsernameToken as ZeepToken

from libs.devices.driver import Login


class UsernameToken(ZeepToken):
    """A fresh digest for each message, created by the device's clock.

    `device_now` is aware UTC: devices reject a token that is minutes away from their own time.
    """

    def __init__(self, login: Login, device_now: Callable[[], datetime]) -> None:
        # Created ends in `Z`: some devices cannot read `+00:00`
        super().__init__(  # type: ignore[no-untyped-call]  # zeep has types in part only
            login.username, login.password, use_digest=True, zulu_timestamp=True
        )
        self._device_now = device_now

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Put the token into the header of a message."""
        self.created = self._device_now()
        return super().apply(envelope, headers)  # type: ignore[no-untyped-call]  # same

    def __repr__(self) -> str:
        return "UsernameToken()"
