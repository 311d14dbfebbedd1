"""What the library's error numbers mean for people, and when an account is locked.

Numbers as the vendor's manual lists them; texts are ours.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

REASONS: Final[dict[int, tuple[FailureReason, str]]] = {
    1: (FailureReason.UNAUTHORIZED, "user name or password is wrong"),
    2: (FailureReason.NO_PERMISSION, "the user may not do this"),
    3: (FailureReason.INTERNAL, "the library was not initialised"),
    4: (FailureReason.NOT_FOUND, "the device has no such channel"),
    5: (FailureReason.BUSY, "too many connections to the device"),
    6: (FailureReason.UNSUPPORTED, "the device's version does not fit the library's"),
    7: (FailureReason.UNREACHABLE, "no connection to the device"),
    8: (FailureReason.UNREACHABLE, "the connection broke while sending"),
    9: (FailureReason.UNREACHABLE, "the connection broke while receiving"),
    10: (FailureReason.TIMEOUT, "the device did not answer in time"),
    11: (FailureReason.UNSUPPORTED, "the device does not know this command"),
    12: (FailureReason.INTERNAL, "calls in the wrong order"),
    13: (FailureReason.NO_PERMISSION, "the user may not do this"),
    14: (FailureReason.TIMEOUT, "the device did not carry the command out in time"),
    17: (FailureReason.PROTOCOL, "the device refuses a parameter"),
    19: (FailureReason.NO_STORAGE, "the device has no disk or card"),
    20: (FailureReason.NO_STORAGE, "the device has no such disk"),
    21: (FailureReason.NO_STORAGE, "the disk is full"),
    22: (FailureReason.NO_STORAGE, "the disk is broken"),
    23: (FailureReason.UNSUPPORTED, "the device cannot do this"),
    24: (FailureReason.BUSY, "the device is busy"),
    28: (FailureReason.BUSY, "the device has no resources left"),
    32: (FailureReason.PROTOCOL, "the device refuses a time"),
    33: (FailureReason.NOT_FOUND, "the device has no such file"),
    36: (FailureReason.BUSY, "an earlier call is not finished"),
    41: (FailureReason.INTERNAL, "the library has no memory left"),
    43: (FailureReason.INTERNAL, "a buffer is too small"),
    44: (FailureReason.UNREACHABLE, "no socket to the device"),
    46: (FailureReason.BUSY, "too many calls at a time"),
    47: (FailureReason.BUSY, "the device has ended the session"),
    52: (FailureReason.BUSY, "too many users are logged in to the device"),
    73: (FailureReason.UNREACHABLE, "the device closed the connection"),
    74: (FailureReason.BUSY, "the session is in use"),
    83: (FailureReason.NO_VIDEO, "the channel's camera is away"),
    90: (FailureReason.BUSY, "the device is making a backup"),
    91: (FailureReason.UNSUPPORTED, "the channel cannot do this"),
    102: (FailureReason.BUSY, "the session is gone"),
    152: (FailureReason.UNAUTHORIZED, "the device does not know this user"),
    153: (FailureReason.LOCKED, "the account is locked"),
    250: (FailureReason.UNAUTHORIZED, "the device has no password yet; set one on it first"),
}
_COMPONENTS: Final = frozenset({*range(107, 116), *range(121, 129), *range(136, 143), 148, 149})
_ACCOUNT_REASONS: Final = frozenset({FailureReason.UNAUTHORIZED, FailureReason.LOCKED})
_LONGEST_LOCK: Final = timedelta(days=1)
"""Devices lock for minutes; a longer lock is taken for nonsense and cut."""


def device_error(error: dict[str, Any], now: datetime) -> DeviceError:
    """Return what the worker reported as everyone else knows it; `now` is aware UTC."""
    match error.get("kind"):
        case "sdk":
            return _of_number(error, now)
        case "stalled":
            return DeviceError(FailureReason.TIMEOUT, "the search did not come to an end")
        case "protocol":
            return DeviceError(FailureReason.PROTOCOL, str(error.get("text", ""))[:300])
        case "login":
            return DeviceError(
                FailureReason.UNAUTHORIZED, f"host, user or password: {error.get('text', '')}"
            )
        case "session":
            return DeviceError(FailureReason.BUSY, "the device has ended the session")
    return DeviceError(FailureReason.INTERNAL, f"the worker failed: {error.get('text', '')}"[:300])


def _of_number(error: dict[str, Any], now: datetime) -> DeviceError:
    code = int(error["code"])
    reason, text = REASONS.get(code, (FailureReason.PROTOCOL, "an error without a known meaning"))
    if code in _COMPONENTS:
        reason = FailureReason.UNSUPPORTED
        text = "a component of the library is missing or does not fit; keep HCNetSDKCom beside it"
    tries, seconds = error.get("tries_left"), error.get("locked_seconds")
    if reason in _ACCOUNT_REASONS and seconds and not tries:
        # Some devices go on saying "wrong password" while the account is locked.
        reason, text = FailureReason.LOCKED, "the account is locked"
    elif reason is FailureReason.UNAUTHORIZED and tries:
        text = f"{text}; {tries} tries are left"
    return DeviceError(
        reason,
        f"{text} ({error.get('function', '')}, error {code})",
        locked_until=_end_of(seconds, now) if reason is FailureReason.LOCKED else None,
    )


def _end_of(seconds: int | None, now: datetime) -> datetime | None:
    return now + min(timedelta(seconds=seconds), _LONGEST_LOCK) if seconds else None
