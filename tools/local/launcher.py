"""Runs an installation in the foreground until it is told to stop."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from tools.local.accounts import AccountUnknown
from tools.local.api_client import ApiClient, ApiFailed
from tools.local.data_dir import DataDirInUse, DataDirUnusable
from tools.local.demo import CAMERAS, SETTLE_SECONDS, DemoCameras, check_promise
from tools.local.ports import LOOPBACK, PortBusy
from tools.local.processes import ProcessError
from tools.local.secret_file import SecretFileDamaged
from tools.local.stack import CommandFailed, Stack
from tools.local.stack_options import StackOptions
from tools.local.terminal import Terminal

EXPLAINED = (
    AccountUnknown,
    ApiFailed,
    CommandFailed,
    DataDirInUse,
    DataDirUnusable,
    PermissionError,
    PortBusy,
    ProcessError,
    SecretFileDamaged,
)
"""Errors whose message is all that a person needs."""
REFRESH_SECONDS = 3.0
"""A table takes three requests; this leaves room below the default limit of 100 a minute."""
LAUNCHER_KEY = "launcher"


async def run(options: StackOptions, *, camera_port: int | None, seconds: float | None) -> int:
    """Run until Ctrl-C, or for `seconds` and then check the promise; return the exit status.

    `camera_port` adds the simulated cameras.
    """
    terminal = Terminal()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stack = Stack(options)
    cameras = DemoCameras(stack, camera_port) if camera_port else None
    session = asyncio.create_task(_session(terminal, stack, cameras, stop, seconds))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({session, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not session.done():
            # a start that is under way is given up; a running session ends by itself
            await asyncio.wait({session}, timeout=REFRESH_SECONDS * 2)
            session.cancel()
        return await session
    except asyncio.CancelledError:
        return 130
    except EXPLAINED as error:
        terminal.error(str(error))
        return 1
    finally:
        terminal.steps_done()
        stopping.cancel()
        terminal.console.print("stopping: recordings under way are finished and stored")
        if cameras is not None and cameras.process.is_running:
            await stack.stop_services()
            await cameras.process.stop()
        await stack.stop()
        terminal.console.print("stopped")


async def run_command(options: StackOptions, command: Sequence[str]) -> int:
    """Run one of the api's commands, with or without a running installation; print its output."""
    terminal = Terminal()
    try:
        output = await Stack(options).command_anyhow(*command)
    except EXPLAINED as error:
        terminal.error(str(error))
        return 1
    sys.stdout.write(f"{output}\n" if output else "")
    return 0


async def _session(
    terminal: Terminal,
    stack: Stack,
    cameras: DemoCameras | None,
    stop: asyncio.Event,
    seconds: float | None,
) -> int:
    if cameras is not None:
        await cameras.check_ports()
        starting = asyncio.create_task(cameras.start())
    password = await stack.start(terminal.step)
    own_key = await stack.make_key(LAUNCHER_KEY)
    async with contextlib.aclosing(ApiClient(stack.api_url, own_key)) as api:
        if cameras is not None:
            await _start_cameras(terminal, cameras, starting, api)
        stops = "Ctrl-C stops everything." if seconds is None else f"It runs for {seconds:.0f} s."
        terminal.welcome(stack.api_url, password, str(stack.servers.data.path), stops=stops)
        stack.keep_running(terminal.warning)
        since = datetime.now(UTC)
        await _watch(terminal, api, stop, seconds)
        if seconds is None or stop.is_set():
            return 0
        return await _conclude(terminal, api, since)


async def _start_cameras(
    terminal: Terminal, cameras: DemoCameras, starting: asyncio.Task[None], api: ApiClient
) -> None:
    terminal.step("starting the simulated cameras (their clips are encoded once)")
    while not starting.done():
        await asyncio.wait({starting}, timeout=0.5)
        if progress := cameras.encoding_progress():
            terminal.progress(f"encoding the simulated cameras' clips (once): {progress}")
    await starting
    ports = f"{cameras.device_ports[0]} to {cameras.device_ports[-1]}"
    terminal.step(f"looking for cameras at {LOOPBACK}, ports {ports}")
    scan = await cameras.find(api)
    terminal.found(scan["devices"])
    terminal.step("adding them")
    await cameras.add(api, scan)


async def _watch(
    terminal: Terminal, api: ApiClient, stop: asyncio.Event, seconds: float | None
) -> None:
    """Show the table until `stop`, or for `seconds`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds if seconds is not None else None
    shows = terminal.console.is_terminal
    with terminal.live() if shows else contextlib.nullcontext() as live:
        while not stop.is_set() and (end is None or loop.time() < end):
            if live is not None:
                try:
                    live.update(terminal.table(await api.rows(), "Ctrl-C stops everything"))
                except ApiFailed as error:
                    live.update(terminal.table([], str(error)))
            wait = min(REFRESH_SECONDS, end - loop.time()) if end is not None else REFRESH_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, wait)):
                    await stop.wait()


async def _conclude(terminal: Terminal, api: ApiClient, since: datetime) -> int:
    """Switch recording off, wait until all is stored, check what was promised."""
    terminal.step("switching off and checking what was promised")
    for camera in await api.get("/cameras"):
        await api.call("POST", f"/cameras/{camera['camera_id']}/recording/stop", None)
    await asyncio.sleep(SETTLE_SECONDS)
    findings = await check_promise(api, since)
    for camera in await api.get("/cameras"):
        await api.call("POST", f"/cameras/{camera['camera_id']}/recording/start", None)
    terminal.steps_done()
    terminal.findings(findings)
    problems = [found for found in findings if found.problem]
    if len(findings) < len(CAMERAS) or problems:
        terminal.error(f"{len(problems)} of {len(findings)} cameras fell short")
        return 1
    terminal.console.print(f"{len(findings)} passed, 0 failed")
    return 0
