"""Whether a device is a Dahua, without a login."""

import asyncio
from datetime import UTC, datetime

from libs.devices.breaker import Breaker
from libs.devices.dahua import keyvalue
from libs.devices.driver import Address
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp

_KNOWN = "/cgi-bin/magicBox.cgi?action=getDeviceType"
_NONSENSE = "/cgi-bin/magicBoxes.cgi?action=getDeviceType"
_REALM = 'realm="login to '
"""How the realm of all but very old firmware begins, in lower case."""
_MAX_BYTES = 64 * 1024


async def speaks(address: Address, *, timeout_seconds: float) -> bool:
    """Whether Dahua's CGI answers there; never raises, and sends no login."""
    breaker = Breaker(lambda: datetime.now(UTC))
    http = DeviceHttp(address, None, breaker, timeout_seconds=timeout_seconds, max_bytes=_MAX_BYTES)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _speaks(http)
    except (DeviceError, TimeoutError):
        return False
    finally:
        await http.aclose()


async def _speaks(http: DeviceHttp) -> bool:
    answer = await http.request_anonymously("GET", _KNOWN)
    if answer.status == 200:
        return keyvalue.text_of(answer.body).lstrip().lower().startswith("type=")
    if answer.status != 401:
        return False
    if any(_REALM in challenge.lower() for challenge in answer.challenges):
        return True
    # Another realm: then this path must be special, and not one of many that ask for a login.
    nonsense = await http.request_anonymously("GET", _NONSENSE)
    return nonsense.status not in {401, 403}
