"""What libav is told about an RTSP session: its URL with credentials, and its options.

PyAV silently ignores an option that libav does not know, so a test asks libav for each of them.
"""

import ssl
from typing import Literal
from urllib.parse import quote, urlsplit

from libs.media.errors import SourceError, SourceErrorKind

Transport = Literal["tcp", "udp"]

QUICK_ANALYSIS_SECONDS = 0.3
LONG_ANALYSIS_SECONDS = 5.0

# A keyframe arrives as one burst of datagrams; the kernel caps this at net.core.rmem_max.
_UDP_BUFFER_BYTES = 1 << 20
_MAX_TIMEOUT_US = 2**31 - 1  # an int in libav, about 35 minutes
# libav keeps "user:password", percent-encoded, in 128 bytes and cuts it off without a word.
_CREDENTIALS_LIMIT = 127


def libav_options(
    *, transport: Transport, stall_seconds: float, analysis_seconds: float, verify_tls: bool
) -> dict[str, str]:
    """Return the RTSP demuxer's options; libav counts these times in microseconds."""
    options = {
        "rtsp_transport": transport,
        "timeout": str(min(round(stall_seconds * 1e6), _MAX_TIMEOUT_US)),
        "analyzeduration": str(round(analysis_seconds * 1e6)),
        "allowed_media_types": "video+audio",
    }
    if transport == "udp":
        options["buffer_size"] = str(_UDP_BUFFER_BYTES)
    if verify_tls:
        options["tls_verify"] = "1"
        # The OpenSSL inside the wheel looks for authorities where its builder had them.
        authorities = ssl.get_default_verify_paths().cafile
        if authorities is not None:
            options["ca_file"] = authorities
    return options


def libav_url(url: str, username: str | None, password: str | None) -> str:
    """Return the URL with percent-encoded credentials: for libav only, never for a message."""
    if urlsplit(url).username is not None:
        raise ValueError("credentials are given beside the URL, not in it")
    if username is None:
        return url
    # Only what would end the user info is encoded, because of the limit.
    credentials = f"{quote(username, safe=_PLAIN)}:{quote(password or '', safe=_PLAIN)}"
    if len(credentials) > _CREDENTIALS_LIMIT:
        raise SourceError(
            SourceErrorKind.UNAUTHORIZED,
            url=url,
            state="opening",
            happened=f"user name and password together exceed {_CREDENTIALS_LIMIT} characters",
        )
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{credentials}@{rest}"


_PLAIN = "!$&'()*+,;=~"
