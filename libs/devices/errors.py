"""What goes wrong with devices, as one exception, and what people can do about it."""

from datetime import datetime

from libs.contracts.devices import Failure, FailureReason

ADVICE = {
    FailureReason.NAME_UNKNOWN: "Check the host name, or use the address instead.",
    FailureReason.UNREACHABLE: "Check that the device is switched on and in a network that "
    "Everframe can reach.",
    FailureReason.REFUSED: "Check the port; the service may be switched off on the device.",
    FailureReason.TIMEOUT: "Check that the device is switched on and that no firewall is between.",
    FailureReason.UNAUTHORIZED: "Enter the right user name and password. Everframe does not try "
    "this login again, so that the account is not locked.",
    FailureReason.LOCKED: "Wait until the lock is over; every try before makes it longer.",
    FailureReason.NO_PERMISSION: "Give the user the right to do this on the device.",
    FailureReason.NOT_FOUND: "Check path, channel and profile; the device does not have this one.",
    FailureReason.NO_VIDEO: "Switch the video stream on in the device's settings.",
    FailureReason.UNSUPPORTED_CODEC: "Set the stream to H.264 or H.265 on the device.",
    FailureReason.UNSUPPORTED: "The device cannot do this; another driver may.",
    FailureReason.BUSY: "Close other viewers of this device, or try again in a minute.",
    FailureReason.NO_STORAGE: "Check the disk or memory card of the device.",
    FailureReason.TLS: "Check whether the device speaks TLS on this port, and its certificate.",
    FailureReason.PROTOCOL: "Check that this driver fits the device, and its firmware.",
    FailureReason.NOT_ALLOWED: "Ask for less, or have an administrator change what Everframe's "
    "settings allow.",
    FailureReason.INTERNAL: "This is a fault of Everframe; its log has more.",
}

LOGIN_REASONS = frozenset({FailureReason.UNAUTHORIZED, FailureReason.LOCKED})
"""What opens the circuit breaker."""


class DeviceError(Exception):
    """Something could not be done with a device. The text never holds a credential."""

    def __init__(
        self, reason: FailureReason, detail: str = "", *, locked_until: datetime | None = None
    ) -> None:
        super().__init__(detail or reason.value)
        self.reason = reason
        self.detail = detail
        self.locked_until = locked_until

    @property
    def failure(self) -> Failure:
        """The error as contracts carry it, with advice."""
        return Failure(
            reason=self.reason,
            detail=self.detail[:500],
            advice=ADVICE[self.reason],
            locked_until=self.locked_until,
        )
