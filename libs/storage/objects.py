"""What the store tells about an object, and how its user metadata travels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote

SHA256 = "sha256"
"""Name of the user metadata entry that holds the content's SHA-256 in hex."""

_PREFIX = "x-amz-meta-"
# Header values are ASCII, and signing collapses repeated blanks; so all else is percent-encoded.
_PLAIN = "!#$&'()*+,-./:;<=>?@[]^_`{|}~\""


@dataclass(frozen=True)
class StoredObject:
    """Result of an upload."""

    key: str
    size: int
    etag: str
    sha256: str
    """Computed from the bytes that were sent."""


@dataclass(frozen=True)
class ObjectStat:
    key: str
    size: int
    etag: str
    content_type: str
    modified_at: datetime | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    """User metadata with lower-case names."""

    @property
    def sha256(self) -> str | None:
        """As noted when it was uploaded; None for objects from elsewhere and for streams."""
        return self.metadata.get(SHA256)


@dataclass(frozen=True)
class ListedObject:
    key: str
    size: int
    etag: str
    modified_at: datetime | None


def encode_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Header-safe values under lower-case names; S3 allows 2 KB in all."""
    return {name.lower(): quote(value, safe=_PLAIN) for name, value in metadata.items()}


def decode_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """User metadata out of response headers."""
    return {
        name.lower().removeprefix(_PREFIX): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(_PREFIX)
    }
