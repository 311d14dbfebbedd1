"""Which channel numbers a device has, and its texts."""

from collections.abc import Mapping
from typing import Any, Final

MAX_CHANNELS: Final = 1024
"""More than any recorder has; a device that tells more is not believed."""

_ENCODINGS: Final = {1: "gb18030", 2: "gb18030", 3: "big5", 4: "shift_jis", 5: "euc_kr", 6: "utf-8"}
"""What `text_encoding` of a login means; devices that do not tell mostly write GBK."""


def channel_numbers(told: Mapping[str, Any]) -> tuple[int, ...]:
    """Return analogue channels, then IP channels (from 33 on most recorders).

    A stand-alone camera has no IP channels and counts itself as one analogue channel.
    """
    analogue = range(told["analogue_start"], told["analogue_start"] + told["analogue_channels"])
    ip = range(told["ip_start"], told["ip_start"] + told["ip_channels"])
    return tuple(dict.fromkeys([*analogue, *ip]))[:MAX_CHANNELS]


def text_of(raw: str) -> str:
    """Return a serial number or the like, from hexadecimal, without what cannot be shown."""
    text = bytes.fromhex(raw).decode("utf-8", "replace")
    return "".join(sign for sign in text if sign.isprintable()).strip()[:300]


def name_of(raw: bytes, encoding: int) -> str:
    """Return a file's name, so that encoding it gives exactly these bytes back.

    Names that no encoding explains are written as `hex:...`.
    """
    codec = _ENCODINGS.get(encoding, "gb18030")
    try:
        name = raw.decode(codec)
        if name.encode(codec) == raw and name.isprintable() and not name.startswith("hex:"):
            return name
    except UnicodeError:
        pass
    return f"hex:{raw.hex()}"
