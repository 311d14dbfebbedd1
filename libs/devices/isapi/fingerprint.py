"""Recognises ISAPI without a login."""

import re
from datetime import UTC, datetime

from libs.devices.breaker import Breaker
from libs.devices.driver import Address
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer
from libs.devices.xml import local_name, parse_xml

_ROOTS = frozenset({"DeviceInfo", "ResponseStatus", "userCheck"})
_SERVERS = re.compile(r"hikvision|app-webs|dnvrs-webs|dvrdvs-webs", re.IGNORECASE)
_NOWHERE = "/ISAPI-nowhere/nothing"


async def speaks(address: Address, *, timeout_seconds: float) -> bool:
    """Whether a device knows ISAPI; False on anything odd."""
    http = DeviceHttp(
        address,
        None,
        Breaker(lambda: datetime.now(UTC)),
        timeout_seconds=timeout_seconds,
        max_bytes=65_536,
    )
    try:
        answer = await http.request_anonymously("GET", "/ISAPI/System/deviceInfo")
        if _is_isapi(answer):
            return True
        if answer.status != 401 or not answer.challenges:
            return False
        # Others ask for a login on every path, also on those that do not exist.
        nowhere = await http.request_anonymously("GET", _NOWHERE)
        return nowhere.status != 401
    except DeviceError:
        return False
    finally:
        await http.aclose()


def _is_isapi(answer: HttpAnswer) -> bool:
    if answer.status not in {200, 401, 403}:
        return False
    if answer.status == 401 and _SERVERS.search(answer.headers.get("server", "")):
        return True
    try:
        return local_name(parse_xml(answer.body)) in _ROOTS
    except DeviceError:
        return False
