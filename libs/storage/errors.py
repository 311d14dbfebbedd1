"""What can go wrong with the object store.

StorageError
├── StoreUnavailable      try again later
│   └── StoreFull         the same, after something was deleted
├── ObjectNotFound        no such key
├── RangeNotSatisfiable   the range starts behind the end of the object
├── StoreDenied           the access key may not do this, or is wrong
├── BucketMissing         a deploy step did not run
├── ContentMismatch       the bytes are not the ones that were promised
└── StoreRefused          the request itself is wrong: a bug, repeating it is useless
"""


class StorageError(Exception):
    """Base of everything this library raises; `key` is the object, or empty for the bucket."""

    def __init__(self, message: str, *, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class StoreUnavailable(StorageError):
    """The store does not answer, answers too late, or fails inside."""


class StoreFull(StoreUnavailable):
    """The store has no room; reading and deleting still work."""


class ObjectNotFound(StorageError):
    """There is no object with this key."""


class RangeNotSatisfiable(StorageError):
    """The requested range lies outside the object."""


class StoreDenied(StorageError):
    """The store refuses the credentials or what they ask for."""


class BucketMissing(StorageError):
    """The bucket does not exist."""


class ContentMismatch(StorageError):
    """The content differs from its checksum or announced size; nothing was stored."""


class StoreRefused(StorageError):
    """The store understood the request and will never accept it."""
