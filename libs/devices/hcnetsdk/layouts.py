"""Where the library expects each field; one wrong width would move all later ones, silently.

The worker checks every structure before it loads the library.
"""

import ctypes
from collections.abc import Mapping
from ctypes import Structure
from typing import Final, NamedTuple

from libs.devices.hcnetsdk.structs import (
    DaylightSaving,
    DeviceInfoV30,
    DeviceInfoV40,
    FileCondition,
    FoundFile,
    LocalPath,
    LoginInfo,
    PlayCondition,
    StreamId,
    Time,
    VodParameters,
)


class LayoutMismatch(Exception):
    """A structure does not lie in memory as the library expects."""


class Layout(NamedTuple):
    """Bytes in all, and where fields begin."""

    size: int
    offsets: Mapping[str, int]


LAYOUTS: Final[Mapping[type[Structure], Layout]] = {
    Time: Layout(24, {"second": 20}),
    LoginInfo: Layout(
        416,
        {
            "use_transport": 129,
            "port": 130,
            "username": 132,
            "password": 196,
            "callback": 264,
            "callback_context": 272,
            "is_asynchronous": 280,
            "use_utc_time": 285,
            "login_mode": 286,
            "https": 287,
            "proxy_id": 288,
            "verify_mode": 292,
            "reserved": 293,
        },
    ),
    DeviceInfoV30: Layout(
        80,
        {
            "type_byte": 51,
            "analogue_channels": 52,
            "analogue_start": 53,
            "ip_channels": 55,
            "type": 62,
            "support3": 64,
            "ip_start": 66,
            "ip_channels_high": 68,
            "mirror_channels": 75,
            "mirror_start": 76,
            "support7": 78,
            "reserved": 79,
        },
    ),
    DeviceInfoV40: Layout(
        344,
        {
            "supports_lock": 80,
            "tries_left": 81,
            "locked_seconds": 84,
            "text_encoding": 88,
            "login_mode": 91,
            "oem_code": 92,
            "validity_days": 96,
            "validity": 100,
            "reserved": 105,
        },
    ),
    FileCondition: Layout(
        160,
        {
            "channel": 0,
            "file_type": 4,
            "is_locked": 8,
            "card_number": 16,
            "start": 48,
            "stop": 72,
            "draw_frame": 96,
            "volume": 100,
            "special": 120,
            "stream_type": 128,
            "reserved": 130,
        },
    ),
    FoundFile: Layout(
        320,
        {
            "start": 100,
            "stop": 124,
            "size": 148,
            "card_number": 152,
            "is_locked": 184,
            "quick_search": 186,
            "index": 188,
            "stream_type": 192,
            "reserved": 193,
        },
    ),
    PlayCondition: Layout(
        116,
        {
            "start": 4,
            "stop": 28,
            "draw_frame": 52,
            "stream_type": 53,
            "stream_id": 54,
            "course_file": 86,
            "download": 87,
            "file_format": 89,
            "reserved": 90,
        },
    ),
    StreamId: Layout(72, {"channel": 36}),
    VodParameters: Layout(
        160,
        {
            "stream": 4,
            "begin": 76,
            "end": 100,
            "window": 124,
            "draw_frame": 128,
            "file_index": 132,
            "audio_file": 136,
            "optimal_stream_type": 139,
            "reserved": 140,
        },
    ),
    LocalPath: Layout(384, {"reserved": 256}),
    DaylightSaving: Layout(68, {"is_enabled": 20, "bias_minutes": 24, "begin": 28, "end": 48}),
}


def check_layout(structure: type[Structure], layout: Layout) -> None:
    """Raise LayoutMismatch when the structure has another size, or a field begins elsewhere."""
    size = ctypes.sizeof(structure)
    if size != layout.size:
        raise LayoutMismatch(f"{structure.__name__} has {size} bytes, not {layout.size}")
    for name, offset in layout.offsets.items():
        if getattr(structure, name).offset != offset:
            found = getattr(structure, name).offset
            raise LayoutMismatch(f"{structure.__name__}.{name} is at {found}, not {offset}")


def check_all_layouts() -> None:
    """Raise LayoutMismatch when this machine lays any of them out differently."""
    for structure, layout in LAYOUTS.items():
        check_layout(structure, layout)
