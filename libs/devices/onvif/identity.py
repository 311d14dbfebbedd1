"""Who a device says that it is (ONVIF Core 8.3.1, 8.3.10, 8.2.6)."""

from typing import Literal

from libs.contracts.devices import DeviceIdentity
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.devices.onvif.answers import items_of, text_of
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.services import RECEIVER
from libs.devices.ws_discovery_scopes import Scopes


async def read_identity(client: OnvifClient) -> DeviceIdentity:
    """Ask for the identity; name and MAC are left empty where the device does not tell them."""
    told = await client.call("devicemgmt", "GetDeviceInformation")
    scopes = await _scopes(client)
    return DeviceIdentity(
        manufacturer=text_of(told, "Manufacturer"),
        model=text_of(told, "Model"),
        firmware=text_of(told, "FirmwareVersion"),
        serial=text_of(told, "SerialNumber"),
        mac=await _mac(client) or scopes.mac,
        name=scopes.name,
        kind=_kind(client, scopes, text_of(told, "Model")),
    )


async def _scopes(client: OnvifClient) -> Scopes:
    try:
        answer = await client.call("devicemgmt", "GetScopes")
    except DeviceError as error:
        _raise_if_final(error)
        return Scopes()
    return Scopes.of(text_of(scope, "ScopeItem") for scope in items_of(answer))


async def _mac(client: OnvifClient) -> str:
    try:
        answer = await client.call("devicemgmt", "GetNetworkInterfaces")
    except DeviceError as error:
        _raise_if_final(error)
        return ""
    found = (text_of(interface, "Info", "HwAddress") for interface in items_of(answer))
    macs = [mac.lower().replace("-", ":") for mac in found if mac]
    return macs[0] if macs else ""


def _raise_if_final(error: DeviceError) -> None:
    if error.reason in LOGIN_REASONS:
        raise error


def _kind(
    client: OnvifClient, scopes: Scopes, model: str
) -> Literal["camera", "recorder", "unknown"]:
    """Only recorders receive streams of others (Profile G, Receiver service) or say so."""
    said = " ".join((*scopes.types, scopes.hardware, model)).lower()
    words = ("recorder", "nvr", "dvr", "networkvideostorage")
    if RECEIVER in client.xaddrs or any(word in said for word in words):
        return "recorder"
    is_camera = "networkvideotransmitter" in said or "video_encoder" in said
    return "camera" if is_camera else "unknown"
