"""How often somebody may ask: a token bucket for each principal, and for each address of others.

Media, playlists and live video have a bucket of their own: a player asks often and must not keep
its viewer from doing anything else.
"""

import ipaddress
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.types import Scope

from services.api.access import Principal

MOST_BUCKETS = 20_000
"""Of each kind; whoever rested longest is forgotten first, and begins with a full bucket."""

Sort = Literal["api", "media"]
_MEDIA = re.compile(
    r"^/api/v1/(media/.+|recordings/[^/]+/download"
    r"|cameras/[^/]+/(live/.+|snapshot\.jpg|[a-z-]+\.m3u8|clip\.mp4))$"
)
UNLIMITED = frozenset({"/api/v1/health", "/api/v1/version"})
"""What launchers and load balancers ask."""


@dataclass(frozen=True)
class Verdict:
    """Whether a request may go on, and how many more may follow at once."""

    sort: Sort
    per_minute: int
    remaining: int
    full_in_seconds: int
    """When the bucket is full again."""
    retry_seconds: int
    """0 when the request may go on."""

    @property
    def headers(self) -> dict[str, str]:
        """Return what the caller is told (draft-ietf-httpapi-ratelimit-headers-10)."""
        return {
            "RateLimit-Policy": f'"{self.sort}";q={self.per_minute};w=60',
            "RateLimit": f'"{self.sort}";r={self.remaining};t={self.full_in_seconds}',
        }


@dataclass
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """The buckets of this process."""

    def __init__(
        self,
        *,
        requests_per_minute: int,
        media_requests_per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute: dict[Sort, int] = {
            "api": requests_per_minute,
            "media": media_requests_per_minute,
        }
        self._monotonic = monotonic
        # Apart, so that a flood from many addresses does not make us forget those who signed in.
        self._of_principals: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()
        self._of_addresses: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()

    def take(self, scope: Scope, principal: Principal | None, address: str) -> Verdict | None:
        """Take a token for a request; None where there is no limit."""
        path = scope["path"]
        if not path.startswith("/api/v1/") or path in UNLIMITED:
            return None
        sort: Sort = "media" if _MEDIA.match(path) else "api"
        if principal is None:
            return self._take(self._of_addresses, (sort, network_of(address)), sort)
        return self._take(self._of_principals, (sort, principal.kind, principal.id), sort)

    def _take(
        self, buckets: OrderedDict[tuple[str, ...], _Bucket], owner: tuple[str, ...], sort: Sort
    ) -> Verdict:
        now, size = self._monotonic(), self._per_minute[sort]
        rate = size / 60
        bucket = buckets.setdefault(owner, _Bucket(size, now))
        buckets.move_to_end(owner)
        if len(buckets) > MOST_BUCKETS:
            buckets.popitem(last=False)
        bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        retry_seconds = 0
        if bucket.tokens >= 1:
            bucket.tokens -= 1
        else:
            retry_seconds = math.ceil((1 - bucket.tokens) / rate)
        return Verdict(
            sort, size, int(bucket.tokens), math.ceil((size - bucket.tokens) / rate), retry_seconds
        )


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or 64 bits of an IPv6 address.

    Whoever has an IPv6 connection has that many addresses.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)).network_address)
