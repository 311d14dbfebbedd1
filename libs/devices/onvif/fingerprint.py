"""Whether something speaks ONVIF, found out without a login."""

from datetime import UTC, datetime

from libs.devices.breaker import Breaker
from libs.devices.driver import Address
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp
from libs.devices.onvif import soap
from libs.devices.onvif.client import DEVICE, DEVICE_PATH

_MAX_BYTES = 64 * 1024


async def speaks(address: Address, *, timeout_seconds: float) -> bool:
    """Ask for the time, which needs no login (ONVIF Core 5.9.2); never raises.

    A device that asks for a login even for this is not recognised: so would anything answer.
    """
    http = DeviceHttp(
        address,
        None,
        Breaker(lambda: datetime.now(UTC)),
        timeout_seconds=timeout_seconds,
        max_bytes=_MAX_BYTES,
    )
    try:
        answer = await http.request(
            "POST",
            DEVICE_PATH,
            content=soap.signed(soap.request(DEVICE, "GetSystemDateAndTime"), None),
            content_type=soap.CONTENT_TYPE,
        )
        soap.answer_in(answer.status, answer.body, "GetSystemDateAndTime")
    except DeviceError:
        return False
    finally:
        await http.aclose()
    return True
