"""How the worker and who uses it talk: a length of four bytes, then that much JSON."""

import json
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Final

LENGTH: Final = struct.Struct(">I")
MAX_BYTES: Final = 16 * 1024 * 1024
"""More than the longest list of files takes."""


def encode(message: dict[str, Any], *, reveal: Callable[[object], str] | None = None) -> bytes:
    """Return a message as it goes over the pipe; `reveal` opens what is kept from logs."""
    body = json.dumps(message, default=reveal).encode()
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    """Return how long the body after these four bytes is; raises ValueError when too long."""
    length: int = LENGTH.unpack(head)[0]
    if length > MAX_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return length


def decode(body: bytes) -> dict[str, Any]:
    """Return the message; raises ValueError when it is none."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")  # noqa: TRY004 - what JSON errors are too
    return message


def read(pipe: BinaryIO) -> dict[str, Any] | None:
    """Wait for the next message; None when the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = body_length(head)
    body = pipe.read(length)
    return decode(body) if len(body) == length else None
