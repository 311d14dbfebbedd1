"""Devices that say by themselves, by WS-Discovery, that they come or go (Hello and Bye)."""

from collections.abc import Callable, Sequence
from contextlib import aclosing

from libs.devices.ws_discovery import listen
from libs.runtime.service import supervise

_MAX_DELAY_SECONDS = 60.0


class Announcements:
    """Listens on the interfaces that the settings list; without any it has nothing to do."""

    def __init__(
        self, interfaces: Sequence[str], *, port: int, on_heard: Callable[[str], None]
    ) -> None:
        """`on_heard` gets the endpoint id of whoever came or goes; anybody may claim one."""
        self._interfaces = tuple(interfaces)
        self._port = port
        self._on_heard = on_heard

    async def run(self) -> None:
        """Listen until cancelled; interfaces that are not there yet are tried again."""
        if self._interfaces:
            await supervise("announcements", self._follow, max_delay_seconds=_MAX_DELAY_SECONDS)

    async def _follow(self) -> None:
        async with aclosing(listen(self._interfaces, port=self._port)) as heard:
            async for told in heard:
                self._on_heard(told.endpoint_id)
