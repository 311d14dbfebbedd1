"""Child processes of the launcher: start until ready, stop, kill, restart, keep running."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.local.accounts import Account
from tools.local.log_file import LogFile

BOUND_EXEC = Path(__file__).with_name("bound_exec.py")
# LD_LIBRARY_PATH: what the launcher's own Python may need, bound_exec needs too.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
LOG_CHECK_SECONDS = 60.0


class ProcessError(Exception):
    """A child process did not do what it should; the message ends with its last log lines."""

    def __init__(self, process: "ManagedProcess", what: str) -> None:
        tail = process.log.tail() or "(it wrote nothing)"
        super().__init__(f"{process.name} {what}; its log {process.log.path} ends with:\n{tail}")
        self.name = process.name


class ProcessExited(ProcessError):
    """The process ended although nobody asked it to."""


class ProcessNotReady(ProcessError):
    """The process runs but did not become ready in time."""


@dataclass(frozen=True)
class ProcessSpec:
    """What to run and how to tell that it works."""

    name: str
    argv: tuple[str, ...]
    """The first element is an absolute path."""
    cwd: Path
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to PATH, locale and time zone; nothing else of the launcher's environment passes."""
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked again until it says yes; None means running is enough."""
    ready_within_seconds: float = 20.0
    stop_signal: signal.Signals = signal.SIGTERM
    """Also sent by the kernel when the launcher dies."""
    stop_within_seconds: float = 15.0
    """After that the whole process group gets SIGKILL."""
    account: Account | None = None
    """Run as this account; needs root."""


@dataclass(frozen=True)
class Backoff:
    """Delays between restarts; a run longer than `forgiven_after_seconds` starts over at first."""

    first_seconds: float = 0.2
    longest_seconds: float = 30.0
    forgiven_after_seconds: float = 60.0

    def delay(self, failures: int) -> float:
        """Seconds before restart number `failures`, with jitter of a quarter."""
        plain = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, 20))
        return plain * random.uniform(0.75, 1.25)


class ManagedProcess:
    """One child in its own process group.

    Not bound to an event loop: it may be started in one and stopped in another. Start it from a
    thread that lives as long as the process shall, because the kernel ties the two together.
    """

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self.log = LogFile(spec.log)
        self._popen: subprocess.Popen[bytes] | None = None
        self._stopped_on_purpose = False

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int:
        """Process id of the present or last run; RuntimeError before the first start."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def is_stopped_on_purpose(self) -> bool:
        return self._stopped_on_purpose

    async def start(self) -> None:
        """Start and wait until ready; nothing is left running when this raises."""
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already")
        self._stopped_on_purpose = False
        self._spawn()
        try:
            await self._wait_ready()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask it to end, then force it; does nothing when it does not run."""
        self._stopped_on_purpose = True
        if self._popen is None:
            return
        if self.is_running:
            self._popen.send_signal(self.spec.stop_signal)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.spec.stop_within_seconds):
                    await self.wait()
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the process and what it started."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        await asyncio.shield(self.wait())

    async def restart(self) -> None:
        """Start again with the same ports and data; stops first when it still runs."""
        await self.stop()
        await self.start()

    async def wait(self) -> int:
        """Exit code, as soon as the process has ended (negative: the signal)."""
        if self._popen is None:
            raise RuntimeError(f"{self.name} was never started")
        pause = 0.002
        while (code := self._popen.poll()) is None:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        return code

    def _spawn(self) -> None:
        account = self.spec.account
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        shim = (sys.executable, "-I", "-S", str(BOUND_EXEC))
        bound = (str(os.getpid()), str(int(self.spec.stop_signal)), str(uid), str(gid))
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        with self.log.open() as log:
            self._popen = subprocess.Popen(
                (*shim, *bound, *self.spec.argv),
                cwd=self.spec.cwd,
                env={**passed_on, **self.spec.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
            )

    async def _wait_ready(self) -> None:
        deadline = time.monotonic() + self.spec.ready_within_seconds
        while True:
            if not self.is_running:
                raise ProcessExited(self, f"ended at start with code {await self.wait()}")
            if self.spec.ready is None or await self.spec.ready():
                return
            if time.monotonic() > deadline:
                seconds = self.spec.ready_within_seconds
                raise ProcessNotReady(self, f"was not ready after {seconds:g} s")
            await asyncio.sleep(0.01)


async def run_forever(
    process: ManagedProcess,
    *,
    backoff: Backoff | None = None,
    on_failure: Callable[[ProcessError, float], None] | None = None,
) -> None:
    """Keep a process running until it is stopped on purpose or this call is cancelled.

    Takes over a process that runs already. `on_failure` gets each unexpected end and the seconds
    until the next start. Cancellation stops the process.
    """
    backoff = backoff or Backoff()
    failures = 0
    try:
        while True:
            started_at = time.monotonic()
            failure = await _run_once(process)
            if failure is None:
                return
            if time.monotonic() - started_at > backoff.forgiven_after_seconds:
                failures = 0
            failures += 1
            delay = backoff.delay(failures)
            if on_failure is not None:
                on_failure(failure, delay)
            await asyncio.sleep(delay)
            if process.is_stopped_on_purpose:
                return
    finally:
        await process.stop()


async def _run_once(process: ManagedProcess) -> ProcessError | None:
    try:
        if not process.is_running:
            await process.start()
    except ProcessError as error:
        return error
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOG_CHECK_SECONDS):
                code = await process.wait()
                break
        process.log.rotate()
    if process.is_stopped_on_purpose:
        return None
    return ProcessExited(process, f"ended with code {code}")
