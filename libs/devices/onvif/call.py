"""One call through onvif-zeep, in a worker thread: its errors become DeviceError here."""

from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

from zeep.exceptions import Fault, TransportError

from libs.contracts.devices import FailureReason
from libs.devices.driver import Address
from libs.devices.errors import DeviceError
from libs.devices.onvif.camera import SilentCamera
from libs.devices.onvif.faults import OnvifFault, status_error
from libs.devices.onvif.package import SERVICES
from libs.devices.onvif.token import UsernameToken
from libs.devices.onvif.transport import LoopTransport


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of a service, by the names of onvif-zeep."""

    service: str
    operation: str
    params: Mapping[str, Any]


def operate(
    call: Call,
    address: Address,
    xaddrs: Mapping[str, str],
    transport: LoopTransport,
    token: UsernameToken | None,
) -> Any:
    """Return zeep's answer; blocks. Raises DeviceError whatever the device sent."""
    if call.service != "devicemgmt" and SERVICES[call.service]["ns"] not in xaddrs:
        raise DeviceError(FailureReason.UNSUPPORTED, f"the device has no {call.service} service")
    try:
        camera = SilentCamera(address, xaddrs, transport, token)
        service = camera.create_onvif_service(call.service)
        return getattr(service, call.operation)(call.params)
    except (CancelledError, DeviceError):
        raise
    except Exception as error:  # zeep lets anything through that a strange answer brings about
        raise _device_error(error, call) from error


def _device_error(error: Exception, call: Call) -> DeviceError:
    """Foreign texts stay out, but a fault's: they may quote whole messages."""
    for cause in _causes(error):
        match cause:
            case Fault():
                return _fault(cause)
            case TransportError() if known := status_error(cause.status_code or 200):
                return known
    return DeviceError(FailureReason.PROTOCOL, f"the answer to {call.operation} cannot be read")


def _fault(fault: Fault) -> OnvifFault:
    subcodes = [getattr(code, "localname", "") for code in fault.subcodes or ()]
    return OnvifFault([_local(fault.code), *subcodes], fault.message or "")


def _local(qname: str | None) -> str:
    return (qname or "").rsplit(":", 1)[-1].strip()[:60]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came from: onvif-zeep hides the fault behind a text."""
    current: BaseException | None = error
    for _ in range(20):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__
