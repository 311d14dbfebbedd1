"""Passwords: what a good one is, and Argon2id hashes (RFC 9106), made in threads, a few at once.

A hash takes 64 MiB and a core for a while, so a flood of sign-ins must neither block the event
loop nor use up the memory.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
import structlog
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from libs.web.problems import unavailable

log = structlog.get_logger()

FEWEST_CHARACTERS = 10
MOST_CHARACTERS = 256
AT_ONCE = 2
WAITING = 32
"""How many may wait for a place; the next is told to come back."""

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 signs, none that looks like another
_GROUPS, _GROUP = 5, 5

T = TypeVar("T")


def password_problem(password: str, name: str) -> str | None:
    """Return what is wrong with a new password, None when it will do."""
    if len(password) < FEWEST_CHARACTERS:
        return f"it must have at least {FEWEST_CHARACTERS} characters"
    if len(password) > MOST_CHARACTERS:
        return f"it must have at most {MOST_CHARACTERS} characters"
    if password.strip().casefold() == name.strip().casefold():
        return "it must not be the name"
    return None


def new_password() -> str:
    """Return a random password of 125 bits that can be read out and typed."""
    signs = (secrets.choice(_ALPHABET) for _ in range(_GROUPS * _GROUP))
    text = "".join(signs)
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


class Passwords:
    """Hashes and verifies passwords."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._under_way = 0
        self._nobodys = _hash_of_nobody(self._hasher)

    async def hash(self, password: str) -> str:
        """Return what is stored of a password; raises Problem 503 when too many are waiting."""
        return await self._in_thread(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether a password fits; None, for a user that does not exist, takes as long.

        Raises Problem 503 when too many are waiting.
        """
        stored = password_hash or self._nobodys
        fits = await self._in_thread(lambda: self._fits(stored, password))
        return fits and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""
        return self._hasher.check_needs_rehash(password_hash)

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _normal(password))
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            log.error("password.hash_unreadable", reason=type(error).__name__)
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._under_way >= AT_ONCE + WAITING:
            raise unavailable("too many are signing in at once; try again", retry_after_seconds=5)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1


def _normal(password: str) -> str:
    """Keyboards write the same sign in several ways (NIST SP 800-63B, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _hash_of_nobody(hasher: argon2.PasswordHasher) -> str:
    """Return a hash that no password fits, as laborious to verify as any."""

    def noise(count: int) -> str:
        return base64.b64encode(secrets.token_bytes(count)).rstrip(b"=").decode()

    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${costs}${noise(hasher.salt_len)}${noise(hasher.hash_len)}"
