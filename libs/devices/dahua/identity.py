"""What a Dahua device says that it is."""

from typing import Literal

from libs.contracts.devices import DeviceIdentity, FailureReason
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.keyvalue import number
from libs.devices.errors import DeviceError

_SCRIPT = "magicBox.cgi"
_RECORDERS = ("nvr", "dhi-nvr", "dh-nvr", "dvr", "xvr", "dhi-xvr", "dh-xvr", "hcvr", "dhi-hcvr")
_MAX_TEXT = 300


async def identity_of(cgi: DahuaCgi) -> DeviceIdentity:
    """Ask for it; firmware spreads it over many answers and leaves some of them out."""
    system = await cgi.values_if_told(_SCRIPT, "getSystemInfo")
    # Without a system information only the device type proves that this is a Dahua.
    kind_of = cgi.values_if_told if system else cgi.values
    model = (await kind_of(_SCRIPT, "getDeviceType")).get("type", "") or system.get(
        "devicetype", ""
    )
    serial = await cgi.values_if_told(_SCRIPT, "getSerialNo")
    software = await cgi.values_if_told(_SCRIPT, "getSoftwareVersion")
    named = await cgi.values_if_told(_SCRIPT, "getMachineName")
    vendor = await cgi.values_if_told(_SCRIPT, "getVendor")
    inputs = await remote_inputs(cgi)
    number_of_unit = serial.get("sn") or system.get("serialnumber", "")
    if not (model or number_of_unit):
        raise DeviceError(FailureReason.PROTOCOL, "the device does not tell what it is")
    return DeviceIdentity(
        manufacturer=(vendor.get("vendor") or "Dahua")[:_MAX_TEXT],
        model=model[:_MAX_TEXT],
        firmware=_firmware(software)[:_MAX_TEXT],
        serial=number_of_unit[:_MAX_TEXT],
        mac=(await _mac(cgi))[:_MAX_TEXT],
        name=named.get("name", "")[:_MAX_TEXT],
        kind=_kind(model, inputs),
    )


async def remote_inputs(cgi: DahuaCgi) -> int | None:
    """Return how many network cameras a recorder takes; 0 or None for a camera."""
    told = await cgi.values_if_told(_SCRIPT, "getProductDefinition", name="MaxRemoteInputChannels")
    values = (value for name, value in told.items() if name.endswith("maxremoteinputchannels"))
    return number(next(values, None))


def _firmware(software: dict[str, str]) -> str:
    version = software.get("version", "")
    build = software.get("build") or software.get("builddate", "")
    return f"{version},build:{build}" if build and "build" not in version else version


def _kind(model: str, inputs: int | None) -> Literal["camera", "recorder", "unknown"]:
    # A recorder for coaxial cameras may take no network cameras at all.
    if inputs or model.lower().startswith(_RECORDERS):
        return "recorder"
    return "camera" if inputs == 0 or "ipc" in model.lower() else "unknown"


async def _mac(cgi: DahuaCgi) -> str:
    told = await cgi.values_if_told("configManager.cgi", "getConfig", name="Network")
    addresses = [value for name, value in told.items() if name.endswith(".physicaladdress")]
    return addresses[0].lower() if addresses else ""
