"""Turns the S3 client's exceptions into the tree in `errors`, at this one place."""

import contextlib
from collections.abc import Iterator

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from libs.storage.errors import (
    BucketMissing,
    ObjectNotFound,
    RangeNotSatisfiable,
    StorageError,
    StoreDenied,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)

BY_CODE: dict[str, type[StorageError]] = {
    "NoSuchKey": ObjectNotFound,
    "NoSuchBucket": BucketMissing,
    "InvalidRange": RangeNotSatisfiable,
    "AccessDenied": StoreDenied,
    "InvalidAccessKeyId": StoreDenied,
    "SignatureDoesNotMatch": StoreDenied,
    "RequestTimeTooSkewed": StoreDenied,
    "XMinioStorageFull": StoreFull,
    "XMinioAdminBucketQuotaExceeded": StoreFull,
    "QuotaExceeded": StoreFull,
    "InsufficientCapacity": StoreFull,
    "SlowDown": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
    "XMinioServerNotInitialized": StoreUnavailable,
}
# Gateways report the operating system's words inside a plain 500.
FULL_WORDS = ("no space left", "disk quota exceeded", "storage full", "insufficient storage")
INSUFFICIENT_STORAGE = 507
TOO_MANY_REQUESTS = 429


@contextlib.contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Raise the matching StorageError for whatever the client raises inside."""
    try:
        yield
    except (MinioException, HTTPError) as error:
        raise storage_error(error, key) from error


def storage_error(error: MinioException | HTTPError, key: str) -> StorageError:
    kind = _kind(error)
    subject = f"object {key!r}" if key else "bucket"
    return kind(f"{subject}: {_summary(error)}", key=key)


def error_for_code(code: str, message: str, key: str) -> StorageError:
    """The error of one entry in the answer to a batch delete."""
    kind = BY_CODE.get(code) or _kind_of_status(500, message)
    return kind(f"object {key!r}: {code}: {message}", key=key)


def _kind(error: MinioException | HTTPError) -> type[StorageError]:
    if isinstance(error, S3Error):
        known = BY_CODE.get(error.code or "")
        return known or _kind_of_status(error.response.status, error.message or "")
    if isinstance(error, ServerError):
        return _kind_of_status(error.status_code, str(error))
    if isinstance(error, InvalidResponseError):
        return _kind_of_status(error._code, str(error))  # noqa: SLF001  # it has no accessor
    return StoreRefused if isinstance(error, MinioException) else StoreUnavailable


def _kind_of_status(status: int, message: str) -> type[StorageError]:
    if status == INSUFFICIENT_STORAGE or any(word in message.lower() for word in FULL_WORDS):
        return StoreFull
    if status >= 500 or status == TOO_MANY_REQUESTS:
        return StoreUnavailable
    return StoreRefused


def _summary(error: Exception) -> str:
    if isinstance(error, S3Error):
        return f"{error.code}: {error.message}"
    return str(error) or type(error).__name__
