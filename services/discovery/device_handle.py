"""One registered device: its driver, its circuit breaker, and what was last seen of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from libs.contracts.devices import (
    Capability,
    ClockMode,
    DeviceClock,
    DeviceConfig,
    DeviceState,
    FailureReason,
    LoginState,
)
from libs.contracts.times import seconds_between
from libs.devices.breaker import Breaker, credentials_digest
from libs.devices.driver import Address, Driver
from libs.devices.errors import DeviceError
from services.discovery.addresses import AddressRules
from services.discovery.inspection import close_quietly
from services.discovery.logins import Logins
from services.discovery.recognition import Drivers

CLOCK_SECONDS = 300.0
"""How long a measured clock is good for: somebody may set it, or it may miss a change of summer
time."""


@dataclass(frozen=True)
class DeviceTools:
    """What all handles share."""

    drivers: Drivers
    rules: AddressRules
    logins: Logins
    now: Callable[[], datetime]
    timeout_seconds: float


@dataclass(eq=False)
class Session:
    """A driver for one address and one login; another address or login gets another session."""

    config: DeviceConfig
    breaker: Breaker
    driver: Driver | None = None
    is_clock_known: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def close(self) -> None:
        """Close the driver as soon as whoever uses it is done."""
        async with self.turn:
            if self.driver is not None:
                driver, self.driver = self.driver, None
                self.is_clock_known = False
                await close_quietly(driver)


class DeviceHandle:
    """A registered device; one caller at a time speaks with it."""

    def __init__(
        self,
        config: DeviceConfig,
        state: DeviceState | None,
        tools: DeviceTools,
        *,
        on_state: Callable[[DeviceState], None],
    ) -> None:
        self._tools = tools
        self._on_state = on_state
        self._state = state or DeviceState(device_id=config.device_id, site=config.site)
        self._login_renewed_at: datetime | None = None
        self._is_closed = False
        self._session = self._new_session(config, self._state.login)
        # another login than the stored one has closed the breaker
        self._state = self._state.model_copy(update={"login": self.breaker.state})
        self.wanted = asyncio.Event()
        """Set when the device should be looked at without waiting for its turn."""

    @property
    def config(self) -> DeviceConfig:
        """What is wanted."""
        return self._session.config

    @property
    def state(self) -> DeviceState:
        """What is stored of it, or will be in a moment."""
        return self._state

    @property
    def clock(self) -> DeviceClock | None:
        """As last measured."""
        return self._state.clock

    @property
    def breaker(self) -> Breaker:
        """Of its present login; all drivers, probes and checks of this device share it."""
        return self._session.breaker

    @property
    def driver(self) -> Driver | None:
        """None until it was first used; to speak with the device, `use` it."""
        return self._session.driver

    @asynccontextmanager
    async def use(self, *, needs_clock: bool = True) -> AsyncIterator[Driver]:
        """Have the device for oneself; its clock has been measured, where it has one.

        Not to be nested. Raises DeviceError when its address is forbidden or unknown, when the
        driver is not available, when the clock cannot be measured, or after `close`.
        """
        session = self._session
        async with session.turn:
            if self._is_closed:
                raise DeviceError(FailureReason.NOT_FOUND, "the device is not registered any more")
            if session.driver is None:
                session.driver = await self._connect(session.config, session.breaker)
            can = session.driver.capabilities
            if needs_clock and Capability.CLOCK in can and not self._is_clock_fresh(session):
                clock = await session.driver.clock()
                session.is_clock_known = True
                self.update_state(clock=clock)
            yield session.driver

    def _is_clock_fresh(self, session: Session) -> bool:
        """Whether the clock need not be measured again: times of footage go by its offset."""
        clock = self._state.clock
        if clock is None or not session.is_clock_known:
            return False
        return 0 <= seconds_between(clock.measured_at, self._tools.now()) < CLOCK_SECONDS

    def update_state(self, **fields: object) -> None:
        """Change fields of the device's state; it is written soon."""
        state = self._state.model_copy(update=fields)
        if state != self._state:
            self._state = state
            self._on_state(state)

    def change(self, config: DeviceConfig) -> Session | None:
        """Take over a changed config.

        Returns the session to close when the device is reached differently from now on.
        """
        before = self._session
        if not _is_reached_differently(before.config, config):
            before.config = config
            return None
        moved = (before.config.host, before.config.port) != (config.host, config.port)
        self._login_renewed_at = self._tools.now()
        self._session = self._new_session(config, LoginState() if moved else self._state.login)
        self.update_state(login=self.breaker.state, failure=None)
        self.wanted.set()
        return before

    def retry_login(self) -> None:
        """Close the breaker and look at the device at once."""
        self._login_renewed_at = self._tools.now()
        self.breaker.close()
        self.wanted.set()

    def rejected_elsewhere(self, since: datetime, detail: str) -> None:
        """Open the breaker: somebody else's use of the same login was rejected at `since`.

        What is older than the device's last acceptance or the operator's word changes nothing.
        """
        newer = (self._state.details_at, self._login_renewed_at)
        if all(moment is None or moment < since for moment in newer):
            self.breaker.note(DeviceError(FailureReason.UNAUTHORIZED, detail))

    async def forget_connection(self) -> None:
        """Connect anew at the next use: its name may have another address by then."""
        await self._session.close()

    def retire(self) -> None:
        """Write nothing of it any more: the device was deleted."""
        self._on_state = lambda _: None

    async def close(self) -> None:
        """Close the driver; who still has the handle cannot use it any more."""
        self._is_closed = True
        await self._session.close()

    def _new_session(self, config: DeviceConfig, login: LoginState) -> Session:
        def changed(state: LoginState) -> None:
            # an old session's requests may still end while a new login is in use
            if session is getattr(self, "_session", None):
                self.update_state(login=state)

        session = Session(config, Breaker(self._tools.now, state=login, on_change=changed))
        session.breaker.use_login(credentials_digest(config.credentials))
        return session

    async def _connect(self, config: DeviceConfig, breaker: Breaker) -> Driver:
        tools = self._tools
        host = await tools.rules.resolve(config.host, timeout_seconds=tools.timeout_seconds)
        address = Address(
            # a certificate names the host; without one the checked address is connected to
            config.host if config.use_tls and config.verify_tls else host,
            config.port,
            use_tls=config.use_tls,
            verify_tls=config.verify_tls,
        )
        login = tools.logins.open(config.credentials)
        clock = self._state.clock
        mode = clock.mode if clock else ClockMode.UNKNOWN
        return tools.drivers.build(config.driver, address, login, breaker, clock_mode=mode)


def _is_reached_differently(one: DeviceConfig, other: DeviceConfig) -> bool:
    fields = ("driver", "host", "port", "use_tls", "verify_tls", "credentials")
    return any(getattr(one, name) != getattr(other, name) for name in fields)
