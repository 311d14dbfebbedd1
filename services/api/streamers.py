"""Which streamer serves a camera: a stable choice, and the others in its place when it is away."""

import hashlib
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

AVOID_SECONDS = 5.0
"""How long a streamer that failed is asked last."""


class StreamerUrlInvalid(ValueError):
    """An address in the list is none; the text says which."""


def parse_urls(text: str) -> tuple[str, ...]:
    """Return the addresses of a list separated by commas, without slashes at their ends."""
    urls = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for url in urls:
        try:
            parts = urlsplit(url)
            is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
            is_good = is_good and not (
                parts.path or parts.query or parts.fragment or parts.username
            )
            _ = parts.port
        except ValueError:
            is_good = False
        if not is_good:
            raise StreamerUrlInvalid(f"{url!r} must be http://host:port, with nothing behind it")
    return urls


class Streamers:
    """The streamers in the order in which to ask them.

    A camera stays with one streamer, which then follows it once for all its viewers.
    """

    def __init__(
        self, urls: tuple[str, ...], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._urls = urls
        self._monotonic = monotonic
        self._failed_at: dict[str, float] = {}

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        return bool(self._urls)

    def in_order(self, camera_id: str) -> Iterator[str]:
        """Yield each address once; those that failed lately come last."""
        now = self._monotonic()

        def rank(url: str) -> tuple[bool, bytes]:
            failed_at = self._failed_at.get(url)
            is_avoided = failed_at is not None and now - failed_at < AVOID_SECONDS
            return is_avoided, hashlib.sha256(f"{camera_id} {url}".encode()).digest()

        yield from sorted(self._urls, key=rank)

    def failed(self, url: str) -> None:
        """Ask this one last for a while."""
        self._failed_at[url] = self._monotonic()

    def answered(self, url: str) -> None:
        """Trust this one again."""
        self._failed_at.pop(url, None)
