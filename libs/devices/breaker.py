"""The circuit breaker of a device's login: one rejection, and nobody tries again.

Cameras lock accounts after a few wrong passwords, and a try during the lock makes it longer.
All drivers of one device share one breaker.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from libs.contracts.devices import FailureReason, LoginState
from libs.devices.errors import LOGIN_REASONS, DeviceError


def credentials_digest(sealed: str | None) -> str:
    """Return what tells one sealed login from another; empty without a login."""
    return hashlib.sha256(sealed.encode()).hexdigest()[:16] if sealed else ""


@dataclass(slots=True)
class LoginUse:
    """One stretch in which a login may be sent."""

    was_sent: bool = True
    """Set it to False where the device asked for no login: its answer then proves nothing."""


class Breaker:
    """Closed until a login is rejected; then open until the lock ends or the login changes."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        state: LoginState | None = None,
        on_change: Callable[[LoginState], None] = lambda _: None,
    ) -> None:
        self._now = now
        self._state = state or LoginState()
        self._on_change = on_change
        self._is_accepted = False
        self._first = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @property
    def state(self) -> LoginState:
        """What is stored of it."""
        return self._state

    @property
    def is_accepted(self) -> bool:
        """Whether the device has taken this login since this object exists."""
        return self._is_accepted

    def check(self) -> None:
        """Raise the stored failure while the breaker is open; call before every login."""
        failure = self._state.failure
        if failure is None:
            return
        if failure.locked_until is not None and failure.locked_until <= self._now():
            self.close()
            return
        raise DeviceError(failure.reason, failure.detail, locked_until=failure.locked_until)

    @contextlib.asynccontextmanager
    async def login(self) -> AsyncIterator[LoginUse]:
        """Surround every request that carries the login; raises while the breaker is open.

        Until the device has accepted the login once, only one holder is inside: many requests at
        once must not send a wrong password many times. The same task may enter it again.
        """
        async with self._turn():
            self.check()
            use, digest = LoginUse(), self._state.credentials_digest
            try:
                yield use
            except DeviceError as error:
                # What a login was told that has been replaced meanwhile says nothing of the new.
                if digest == self._state.credentials_digest:
                    self.note(error)
                raise
            is_current = digest == self._state.credentials_digest and self._state.failure is None
            self._is_accepted |= use.was_sent and is_current

    def note(self, error: DeviceError) -> None:
        """Open when the device rejected the login; anything else changes nothing."""
        if error.reason in LOGIN_REASONS and self._state.failure is None:
            self._change(
                LoginState(
                    credentials_digest=self._state.credentials_digest,
                    failure=error.failure,
                    opened_at=self._now(),
                )
            )

    def use_login(self, digest: str) -> None:
        """Tell which login is used from now on; another one than the rejected closes."""
        if digest != self._state.credentials_digest:
            self._change(LoginState(credentials_digest=digest))

    def close(self) -> None:
        """Let the login be tried again."""
        if self._state.failure is not None:
            self._change(LoginState(credentials_digest=self._state.credentials_digest))

    @property
    def is_open(self) -> bool:
        """Whether `check` would raise."""
        try:
            self.check()
        except DeviceError:
            return True
        return False

    @property
    def reason(self) -> FailureReason | None:
        """Why it is open."""
        return self._state.failure.reason if self._state.failure else None

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._is_accepted or self._holder is task:
            yield
            return
        async with self._first:
            self._holder = task
            try:
                yield
            finally:
                self._holder = None

    def _change(self, state: LoginState) -> None:
        self._state = state
        self._is_accepted = False
        self._on_change(state)
