"""What the worker does with the library: log in, read the clock, search footage.

Times are the device's own wall-clock times (`use_utc_time` 0, no conversion): what the other
settings convert with is the library's idea of the device's zone, which nobody can check, and old
libraries ignore the field. The driver converts, with the zone that it measured.
"""

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from libs.devices.hcnetsdk.functions import Functions, SdkFailure
from libs.devices.hcnetsdk.structs import (
    DaylightSaving,
    DeviceInfoV40,
    FileCondition,
    FoundFile,
    LocalPath,
    LoginInfo,
    Time,
    TimePoint,
)

LocalTime = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second, unchecked."""

MAX_FILES: Final = 20_000
"""More than any device gives (4000 per search): it goes in circles."""

_GET_TIME: Final = 118
_GET_DAYLIGHT_SAVING: Final = 128
_WHOLE_DEVICE: Final = -1
_PATH_SDK, _PATH_LIBCRYPTO, _PATH_LIBSSL = 2, 3, 4
_FOUND, _NOTHING, _SEARCHING, _NO_MORE, _BROKEN = 1000, 1001, 1002, 1003, 1004
_POLL_SECONDS: Final = 0.01
_ANY: Final = 0xFF


class SearchStalled(Exception):
    """A search brought nothing for too long, or took too long in all."""


class SearchBroken(Exception):
    """A search ended in a way that says nothing about what there is."""


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

    def local_time(self, user: int) -> LocalTime:
        """Return what the device's clock shows."""
        now = Time()
        self._get_config(user, _GET_TIME, now)
        return _local(now)

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
        """Return what one search finds, at most 4000 files with most devices.

        Raises SearchStalled and SearchBroken. The search is closed in any case.
        """
        condition = FileCondition(
            channel=channel,
            file_type=_ANY,
            is_locked=_ANY,
            start=Time(*start),
            stop=Time(*stop),
            stream_type=stream,
        )
        search = self._functions.handle("FindFile_V40", user, byref(condition))
        with self._closing(search):
            return [_file(file) for file in self._files(search, stall_seconds, total_seconds)]

    def _files(
        self, search: int, stall_seconds: float, total_seconds: float
    ) -> Iterator[FoundFile]:
        until = time.monotonic() + total_seconds
        stalled_at = time.monotonic() + stall_seconds
        for _ in range(MAX_FILES):
            file = FoundFile()
            while (state := self._functions.call("FindNextFile_V40", search, byref(file))) == (
                _SEARCHING
            ):
                if time.monotonic() > min(stalled_at, until):
                    raise SearchStalled
                time.sleep(_POLL_SECONDS)
            if state in {_NOTHING, _NO_MORE}:
                return
            if state == -1:
                raise self._functions.failure("FindNextFile_V40")
            if state != _FOUND:
                raise SearchBroken(f"the search ended with {state}")
            yield file
            stalled_at = time.monotonic() + stall_seconds
            if time.monotonic() > until:
                raise SearchStalled
        raise SearchBroken(f"the search found more than {MAX_FILES} files")

    @contextmanager
    def _closing(self, search: int) -> Iterator[None]:
        try:
            yield
        finally:
            self._functions.call("FindClose_V30", search)

    def _get_config(self, user: int, command: int, out: ctypes.Structure) -> None:
        size, returned = ctypes.sizeof(out), ctypes.c_uint32()
        self._functions.succeed(
            "GetDVRConfig", user, command, _WHOLE_DEVICE, byref(out), size, byref(returned)
        )
        if returned.value < size:
            raise SearchBroken(f"setting {command} came with {returned.value} of {size} bytes")


def _file(file: FoundFile) -> dict[str, object]:
    # The name is written in hexadecimal: it may be any bytes.
    return {
        "name": bytes(file.name).partition(b"\0")[0].hex(),
        "start": _local(file.start),
        "stop": _local(file.stop),
        "size": file.size,
        "stream": file.stream_type,
    }


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


def _local(moment: Time) -> LocalTime:
    return (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    )


def _point(point: TimePoint) -> dict[str, int]:
    return {
        "month": point.month,
        "week": point.week,
        "weekday": point.weekday,
        "hour": point.hour,
        "minute": point.minute,
    }
