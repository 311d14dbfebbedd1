"""RTCP sender reports (RFC 3550 6.4.1)."""

import struct
from typing import Final

NTP_EPOCH_OFFSET: Final = 2_208_988_800
_SENDER_REPORT: Final = struct.Struct(">BBHIIIIII")


def sender_report(
    *, ssrc: int, unix_time: float, rtp_timestamp: int, packets: int, octets: int
) -> bytes:
    """A compound packet that ties `rtp_timestamp` to `unix_time`, with a CNAME."""
    seconds, fraction = divmod(unix_time, 1)
    report = _SENDER_REPORT.pack(
        0x80,
        200,
        6,
        ssrc,
        (int(seconds) + NTP_EPOCH_OFFSET) & 0xFFFFFFFF,
        int(fraction * (1 << 32)),
        rtp_timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    return report + _description(ssrc)


def _description(ssrc: int) -> bytes:
    """SDES with the CNAME that all tracks share, ended by zeros up to a word (RFC 3550 6.5)."""
    chunk = struct.pack(">IBB", ssrc, 1, 6) + b"camera"
    chunk += bytes(4 - len(chunk) % 4)
    return struct.pack(">BBH", 0x81, 202, len(chunk) // 4) + chunk
