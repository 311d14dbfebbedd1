"""The stand-in for the vendor's library, compiled once, with a script of each test's own."""

import functools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.hcnetsdk.client import SdkWorker
from libs.devices.hcnetsdk.driver import HcNetSdkDriver
from tools.camera_sim.hcnetsdk.build import (
    SCRIPT_VARIABLE,
    CompilerMissing,
    Value,
    build_library,
    write_script,
)

CAMERA: Mapping[str, Value] = {
    "username": "admin",
    "password": "right-1",
    "serial": "DS-2CD2T47G2-L20230101AAWRE12345678",
    "type": 31,
    "analogue_count": 1,
}
RECORDER: Mapping[str, Value] = {
    "username": "admin",
    "password": "right-1",
    "serial": "DS-7604NI-K1",
    "type": 76,
    "ip_start": 33,
    "ip_count": 4,
}


def library(folders: pytest.TempPathFactory) -> Path:
    """Absolute path of the stand-in; skips the test on a machine without a C compiler."""
    folder = folders.getbasetemp() / "hcnetsdk"
    try:
        return _built(folder)
    except CompilerMissing as missing:
        pytest.skip(str(missing))


@functools.cache
def _built(folder: Path) -> Path:
    folder.mkdir()
    return build_library(folder)


class Stage:
    """Simulated devices by port, the worker that speaks to them, and what the library noted."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.library = library
        self._script = folder / "script"
        self._log = folder / "calls"
        self.environment = {SCRIPT_VARIABLE: str(self._script)}
        self.devices: dict[int, dict[str, Value]] = {}

    def set(self, port: int = 8000, /, **keys: Value) -> None:
        """Change or add keys of a device (0: the library); it is seen at the next call."""
        self.devices.setdefault(port, {}).update(keys)
        write_script(self._script, self.devices, log=self._log)

    def drop(self, *keys: str, port: int = 8000) -> None:
        """Remove keys of a device."""
        for key in keys:
            self.devices[port].pop(key, None)
        write_script(self._script, self.devices, log=self._log)

    @property
    def calls(self) -> list[str]:
        """`Login 8000`, `FindClose 0`, ... in order."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def count(self, name: str) -> int:
        return sum(call.split()[0] == name for call in self.calls)

    @asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[SdkWorker]:
        worker = SdkWorker(self.library, environment=self.environment, **options)
        try:
            yield worker
        finally:
            await worker.aclose()

    @asynccontextmanager
    async def driver(
        self,
        worker: SdkWorker,
        *,
        port: int = 8000,
        password: str = "right-1",
        breaker: Breaker | None = None,
        clock: Callable[[], datetime] | None = None,
        **options: Any,
    ) -> AsyncIterator[HcNetSdkDriver]:
        driver = HcNetSdkDriver(
            Address("127.0.0.1", port),
            Login("admin", password),
            breaker or Breaker(now),
            now=clock or now,
            worker=worker,
            **options,
        )
        try:
            yield driver
        finally:
            await driver.aclose()


def now() -> datetime:
    return datetime.now(UTC)
