"""What a Profile G device says of its storage: from when to when it has footage, no sizes."""

from libs.contracts.devices import DeviceStorage
from libs.contracts.times import isoformat_z
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.devices.onvif.answers import number_of, time_of
from libs.devices.onvif.client import OnvifClient


async def read_storage(client: OnvifClient) -> DeviceStorage | None:
    """Return the summary of the recordings (Recording Search 5.3); None where it is not told."""
    try:
        summary = await client.call("search", "GetRecordingSummary")
    except DeviceError as error:
        if error.reason in LOGIN_REASONS:
            raise
        return None
    start, end = time_of(summary, "DataFrom"), time_of(summary, "DataUntil")
    recordings = int(number_of(summary, "NumberRecordings"))
    if start is None or end is None:
        return DeviceStorage(detail=f"{recordings} recordings")
    return DeviceStorage(
        detail=f"{recordings} recordings, {isoformat_z(start)} to {isoformat_z(end)}"
    )
