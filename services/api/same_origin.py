"""Whether our own pages sent a request, or another site made the browser send it.

SameSite cookies keep other sites out, but to them every port of this host is the same site.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from libs.web.problems import Problem

FOREIGN = Problem(
    HTTPStatus.FORBIDDEN,
    "this must come from Everframe's own pages: the browser did not say so by `Sec-Fetch-Site` or "
    "`Origin`; programs send an API key instead",
)


def is_same_origin(headers: Headers) -> bool:
    """Whether the browser says that a request comes from our own pages."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and _place_of(origin) == headers.get("host", "").lower()


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a request comes from elsewhere; programs say nothing."""
    says_something = "sec-fetch-site" in headers or "origin" in headers
    return says_something and not is_same_origin(headers)


def _place_of(origin: str) -> str | None:
    """Return host and port of an Origin header; None where it cannot be read, or is `null`."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
