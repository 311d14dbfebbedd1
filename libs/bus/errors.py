"""What can go wrong on the bus, and what a handler says about an event by raising.

    BusError
    ├── Transient            not now: the event comes again, later and later
    │   └── BusUnavailable   the bus did not answer in time, or is away
    │       ├── PermissionDenied
    │       └── StreamMissing
    ├── Permanent            never: the event goes to the dead letters
    │   ├── UndeclaredMessage
    │   ├── TopologyDrift
    │   └── InvalidPayload
    ├── Conflict             somebody was faster, or it is already done: the event is finished
    ├── AskFailed            a question was answered with a refusal
    └── LeaseLost

Everything else that a handler raises is a bug: logged with its traceback, tried a few times,
then dead-lettered.
"""


class BusError(Exception):
    """Any error of the bus."""


class Transient(BusError):
    """The work cannot be done now; the same event is delivered again after a delay."""


class BusUnavailable(Transient):
    """The bus is away or did not answer in time; whether it did the work is unknown."""


class PermissionDenied(BusUnavailable):
    """The server refuses this user the subject; it stays so until the permissions change."""


class StreamMissing(BusUnavailable):
    """No stream takes this subject; declared ones come back when the server has recovered."""


class Permanent(BusError):
    """The event can never be handled; it goes to the dead letters with the reason."""


class UndeclaredMessage(Permanent):
    """The service's wiring does not declare this message class for this use."""


class TopologyDrift(Permanent):
    """Streams, consumers or buckets differ from what the code declares; run the declare step."""


class InvalidPayload(Permanent):
    """A stored payload does not fit its contract. `reason` is from a small closed set."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Conflict(BusError):
    """The revision is not the newest, or the work is already done."""


class AskFailed(BusError):
    """Whoever was asked could not answer; the text says why. Asking again may help or not."""


class LeaseLost(BusError):
    """Somebody else holds the lease now."""
