"""What the worker does with the library: initialise it, log in, read the clock.

Times are the device's own wall-clock times (`use_utc_time` 0, no conversion): what the other
settings convert with is the library's idea of the device's zone, which nobody can check, and old
libraries ignore the field. The driver converts, with the zone that it measured.
"""

import ctypes
import time
from ctypes import byref
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from libs.devices.hcnetsdk.functions import Functions, SdkFailure
from libs.devices.hcnetsdk.search import (
    LocalTime,
    Nonsense,
    Patience,
    condition,
    find,
    parts_of,
)
from libs.devices.hcnetsdk.structs import (
    DaylightSaving,
    DeviceInfoV40,
    LocalPath,
    LoginInfo,
    Time,
    TimePoint,
)

_GET_TIME: Final = 118
_GET_DAYLIGHT_SAVING: Final = 128
_WHOLE_DEVICE: Final = -1
_PATH_SDK, _PATH_LIBCRYPTO, _PATH_LIBSSL = 2, 3, 4


class BadLogin(Exception):
    """A login that the library's structure cannot hold; the text does not tell it."""


@dataclass(frozen=True)
class DeviceTold:
    """What a login tells of the device; `serial` is hexadecimal, as it may be any bytes."""

    serial: str
    type: int
    analogue_start: int
    analogue_channels: int
    ip_start: int
    ip_channels: int
    disks: int
    text_encoding: int


class Sdk:
    """The library, initialised once per process. Calls block; several threads may call.

    Raises SdkFailure wherever the library says no.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def open(self, library: Path, *, connect_ms: int, receive_ms: int) -> str:
        """Initialise, and return the version. Paths come first, as they are read only then."""
        call = self._functions
        folder = LocalPath(path=_fitting(str(library.parent), 256))
        call.succeed("SetSDKInitCfg", _PATH_SDK, byref(folder))
        for kind, pattern in ((_PATH_LIBCRYPTO, "libcrypto.so*"), (_PATH_LIBSSL, "libssl.so*")):
            for beside in sorted(library.parent.glob(pattern))[:1]:
                path = ctypes.create_string_buffer(_fitting(str(beside), 256), 256)
                call.succeed("SetSDKInitCfg", kind, path)
        call.succeed("Init")
        call.succeed("SetLogToFile", 0, None, 0)
        call.succeed("SetConnectTime", connect_ms, 1)
        call.succeed("SetRecvTimeOut", max(3000, receive_ms))
        # The library would log in again by itself, with a password that may be wrong by then.
        call.succeed("SetReconnect", 30_000, 0)
        number = call.call("GetSDKBuildVersion")
        return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))

    def close(self) -> None:
        """Free what the library holds; no other call may follow."""
        self._functions.call("Cleanup")

    def login(self, host: str, port: int, username: str, password: str) -> tuple[int, DeviceTold]:
        """Log in once; return the user number and what the device tells.

        Raises SdkFailure with what the device tells about its lock, and BadLogin.
        """
        info, told = LoginInfo(), DeviceInfoV40()
        try:
            info.address, info.port = _fitting(host, 129), port
            info.username, info.password = _fitting(username, 64), _fitting(password, 64)
            user = self._functions.call("Login_V40", byref(info), byref(told))
            if user < 0:
                raise _login_failure(self._functions.failure("Login_V40"), told)
        finally:
            ctypes.memset(byref(info), 0, ctypes.sizeof(info))
        return user, _told(told)

    def logout(self, user: int) -> None:
        """End a session; it is gone even when the device does not answer."""
        self._functions.succeed("Logout", user)

    def local_time(self, user: int) -> tuple[LocalTime, float]:
        """Return what the device's clock shows, and how many seconds the question took."""
        shown, asked_at = Time(), time.monotonic()
        self._get_config(user, _GET_TIME, shown)
        return parts_of(shown), time.monotonic() - asked_at

    def daylight_saving(self, user: int) -> dict[str, object] | None:
        """Return the device's rule for daylight saving; None where it has none."""
        rule = DaylightSaving(size=ctypes.sizeof(DaylightSaving))
        self._get_config(user, _GET_DAYLIGHT_SAVING, rule)
        if not rule.is_enabled:
            return None
        return {
            "bias_minutes": rule.bias_minutes,
            "begin": _point(rule.begin),
            "end": _point(rule.end),
        }

    def find(
        self,
        user: int,
        *,
        channel: int,
        stream: int,
        start: LocalTime,
        stop: LocalTime,
        stall_seconds: float,
        total_seconds: float,
    ) -> list[dict[str, object]]:
        """Return what one search finds; raises SearchStalled and Nonsense."""
        wanted = condition(channel=channel, stream=stream, start=start, stop=stop)
        patience = Patience(stall_seconds, total_seconds)
        return find(self._functions, user, wanted, patience)

    def _get_config(self, user: int, command: int, out: ctypes.Structure) -> None:
        size, returned = ctypes.sizeof(out), ctypes.c_uint32()
        self._functions.succeed(
            "GetDVRConfig", user, command, _WHOLE_DEVICE, byref(out), size, byref(returned)
        )
        if returned.value < size:
            raise Nonsense(f"setting {command} came with {returned.value} of {size} bytes")


def _told(told: DeviceInfoV40) -> DeviceTold:
    device = told.v30
    return DeviceTold(
        serial=bytes(device.serial).partition(b"\0")[0].hex(),
        type=device.type or device.type_byte,
        analogue_start=device.analogue_start,
        analogue_channels=device.analogue_channels,
        ip_start=device.ip_start,
        ip_channels=device.ip_channels + 256 * device.ip_channels_high,
        disks=device.disks,
        text_encoding=told.text_encoding,
    )


def _login_failure(failure: SdkFailure, told: DeviceInfoV40) -> SdkFailure:
    if told.supports_lock != 1:
        return failure
    return SdkFailure(
        failure.function,
        failure.code,
        tries_left=told.tries_left,
        locked_seconds=told.locked_seconds or None,
    )


def _fitting(text: str, size: int) -> bytes:
    raw = text.encode()
    if len(raw) >= size or b"\0" in raw:
        raise BadLogin(f"longer than {size - 1} bytes, or with a zero byte in it")
    return raw


def _point(point: TimePoint) -> dict[str, int]:
    return {
        "month": point.month,
        "week": point.week,
        "weekday": point.weekday,
        "hour": point.hour,
        "minute": point.minute,
    }
