"""One run of the worker process, from its start to its end."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import SecretStr

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk import frames

log = structlog.get_logger()

LIBRARY_SETTING: Final = "EVERFRAME_DISCOVERY_HCNETSDK_LIBRARY"

_CODE: Final = Path(__file__).resolve().parents[3]
# The vendor's code gets no secrets of ours: nothing else of the environment is handed on.
_INHERITED: Final = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH")
_STOP_SECONDS: Final = 4.0


class WorkerProcess:
    """A worker that has loaded the library; `is_over` once it is of no more use."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self._reading: asyncio.Task[None] | None = None
        self.is_over = False

    @classmethod
    async def start(
        cls, library: Path, *, environment: Mapping[str, str], timeout_seconds: float
    ) -> "WorkerProcess":
        """Return a process that has loaded the library.

        Raises DeviceError: UNSUPPORTED when the library cannot be loaded, INTERNAL when it
        crashed or hung meanwhile.
        """
        self = cls(await _spawn(library, environment))
        try:
            async with asyncio.timeout(timeout_seconds):
                first = await self._read()
            if "ready" not in first:
                text = f"{LIBRARY_SETTING} names no usable library: {first.get('failed')}"
                raise DeviceError(FailureReason.UNSUPPORTED, text[:400])
        except (TimeoutError, asyncio.IncompleteReadError, ValueError, OSError) as error:
            await self.kill()
            text = "the vendor's library crashed or hung at its start"
            raise DeviceError(FailureReason.INTERNAL, text) from error
        except BaseException:
            await self.kill()
            raise
        log.info("hcnetsdk.library_loaded", version=first["ready"], pid=self.pid)
        self._reading = asyncio.create_task(self._read_answers(), name="hcnetsdk answers")
        return self

    @property
    def pid(self) -> int:
        """For the log, and for tests that kill it."""
        return self._process.pid

    async def ask(
        self, op: str, arguments: Mapping[str, Any], *, timeout_seconds: float
    ) -> dict[str, Any]:
        """Return the answer; raises TimeoutError, and DeviceError INTERNAL when it dies first."""
        if self.is_over:
            raise self._death()
        self._count += 1
        number = self._count
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(timeout_seconds):
                request = {"id": number, "op": op, "arguments": dict(arguments)}
                self._input.write(frames.encode(request, reveal=_revealed))
                return await answer
        finally:
            del self._waiting[number]

    async def stop(self) -> None:
        """Let it log out everywhere; kill it when that takes too long."""
        self.is_over = True
        self._input.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it now; whoever waits for an answer gets an error."""
        self.is_over = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._input.close()
        await self._process.wait()
        if self._reading is not None:
            await asyncio.wait([self._reading])
        with contextlib.suppress(OSError):
            await self._input.wait_closed()

    async def _read(self) -> dict[str, Any]:
        head = await self._output.readexactly(frames.LENGTH.size)
        body: bytes = await self._output.readexactly(frames.body_length(head))
        return frames.decode(body)

    async def _read_answers(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ValueError, OSError):
            while True:
                message = await self._read()
                answer = self._waiting.get(message.get("id", 0))
                if answer is not None and not answer.done():
                    answer.set_result(message)
        self.is_over = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._death())

    def _death(self) -> DeviceError:
        code = self._process.returncode or 0
        how = f"by signal {-code}" if code < 0 else "by itself"
        return DeviceError(
            FailureReason.INTERNAL, f"the process of the vendor's library ended {how}"
        )


def _revealed(secret: object) -> str:
    assert isinstance(secret, SecretStr)
    return secret.get_secret_value()


async def _spawn(library: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "libs.devices.hcnetsdk.worker",
        str(library),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**inherited, "PYTHONPATH": str(_CODE), "TZ": "UTC", **environment},
        cwd="/",
        start_new_session=True,
    )
