"""What a Dahua device keeps footage on."""

from libs.contracts.devices import DeviceStorage
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.keyvalue import is_true

_MAX_BYTES = 2**60


async def storage_of(cgi: DahuaCgi) -> DeviceStorage | None:
    """Return the sum of all disks and cards; None where the device does not tell."""
    told = await cgi.values_if_told("storageDevice.cgi", "getDeviceAllInfo")
    totals = [_bytes(value) for name, value in told.items() if name.endswith(".totalbytes")]
    used = [_bytes(value) for name, value in told.items() if name.endswith(".usedbytes")]
    states = [value for name, value in told.items() if name.endswith("].state")]
    if not totals and not states:
        return None
    problems = [f"state {state}" for state in states if state.lower() not in _GOOD_STATES]
    if any(is_true(value) for name, value in told.items() if name.endswith(".iserror")):
        problems.append("a disk reports an error")
    if not sum(totals):
        problems.append("no usable disk or card")
    return DeviceStorage(
        total_bytes=sum(totals),
        free_bytes=max(0, sum(totals) - sum(used)),
        is_healthy=not problems,
        detail="; ".join(problems)[:300],
    )


_GOOD_STATES = frozenset({"success", "running", "normal", "ok"})


def _bytes(text: str) -> int:
    # Some firmware writes such numbers as floats: 31914983424.0
    try:
        value = float(text)
    except ValueError:
        return 0
    return int(value) if 0 <= value < _MAX_BYTES else 0
