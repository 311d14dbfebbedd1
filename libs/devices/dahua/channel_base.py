"""Whether a firmware's searches count channels from 0 or from 1."""

from collections.abc import Awaitable, Callable
from typing import Literal

Outcome = Literal["files", "empty", "refused"]
Try = Callable[[int], Awaitable[Outcome]]
"""What a search of everything brings for a channel number."""

_NO_CHANNEL = 90
"""Far behind the last channel of any device that has so many more."""


async def find_base(outcome: Try, channels: int) -> tuple[Literal[0, 1], bool]:
    """Return the number of the first channel, and whether that is certain.

    Only numbers that mean nothing on the other kind of firmware prove anything: 0, and the count.
    """
    if await outcome(channels) == "files":
        return 1, True
    at_zero = await outcome(0)
    if at_zero == "files":
        return 0, True
    # Nothing is stored for the first camera: does 0 still count as a channel, unlike nonsense?
    if at_zero == "empty" and await outcome(channels + _NO_CHANNEL) == "refused":
        return 0, True
    return 1, False
