import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tools.local.log_file import LogFile
from tools.local.ports import PortBusy, ensure_free, free_port, is_free
from tools.local.processes import (
    Backoff,
    ManagedProcess,
    ProcessError,
    ProcessExited,
    ProcessNotReady,
    ProcessSpec,
    run_forever,
)
from tools.local.secret_file import SecretFileDamaged, Secrets

SLEEPER = "import time; print('awake', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print('awake', child.pid, flush=True); time.sleep(60)"
)
AT_ONCE = Backoff(first_seconds=0.001, longest_seconds=0.002)


def process_of(
    folder: Path,
    code: str,
    *,
    ready: Callable[[], Awaitable[bool]] | None = None,
    ready_within: float = 10.0,
    stop_within: float = 10.0,
) -> ManagedProcess:
    log = folder / "child.log"

    async def awake() -> bool:
        return log.exists() and "awake" in log.read_text()

    return ManagedProcess(
        ProcessSpec(
            name="child",
            argv=(sys.executable, "-c", code),
            cwd=folder,
            log=log,
            ready=ready or awake,
            ready_within_seconds=ready_within,
            stop_within_seconds=stop_within,
        )
    )


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # another process sets no event
            await asyncio.sleep(0.005)


async def test_stops_gracefully_on_the_stop_signal(tmp_path: Path) -> None:
    process = process_of(tmp_path, SLEEPER)
    await process.start()
    assert process.is_running

    await process.stop()

    assert await process.wait() == -signal.SIGTERM
    assert process.is_stopped_on_purpose


async def test_kills_a_process_that_ignores_the_stop_signal(tmp_path: Path) -> None:
    process = process_of(tmp_path, STUBBORN, stop_within=0.05)
    await process.start()

    await process.stop()

    assert await process.wait() == -signal.SIGKILL


async def test_leaves_no_grandchild_behind(tmp_path: Path) -> None:
    process = process_of(tmp_path, PARENT)
    await process.start()
    grandchild = int((tmp_path / "child.log").read_text().split()[1])
    assert is_alive(grandchild)

    await process.stop()

    await until(lambda: not is_alive(grandchild))


async def test_restarts_as_a_new_process(tmp_path: Path) -> None:
    process = process_of(tmp_path, SLEEPER)
    await process.start()
    first = process.pid

    await process.restart()

    assert process.is_running
    assert process.pid != first
    assert not is_alive(first)
    await process.stop()


async def test_an_end_at_start_tells_the_code_and_the_last_words(tmp_path: Path) -> None:
    process = process_of(tmp_path, "import sys; sys.exit('no such camera')")

    with pytest.raises(ProcessExited, match=r"code 1(.|\n)*no such camera"):
        await process.start()


async def test_last_words_are_those_of_the_present_run(tmp_path: Path) -> None:
    (tmp_path / "child.log").write_text("an old complaint\n")
    process = process_of(tmp_path, "raise SystemExit('a new one')")

    with pytest.raises(ProcessExited) as caught:
        await process.start()

    assert "a new one" in str(caught.value)
    assert "old complaint" not in str(caught.value)


async def test_a_missing_program_is_a_plain_message(tmp_path: Path) -> None:
    spec = ProcessSpec("ghost", ("/nowhere/ghost",), tmp_path, tmp_path / "ghost.log")
    process = ManagedProcess(spec)
    await process.start()
    await process.wait()

    assert process.log.tail() == "cannot run /nowhere/ghost: No such file or directory"


async def test_a_process_that_never_becomes_ready_is_ended(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    process = process_of(tmp_path, SLEEPER, ready=never, ready_within=0.05)

    with pytest.raises(ProcessNotReady, match=r"not ready after 0\.05 s"):
        await process.start()
    assert not process.is_running


async def test_a_cancelled_start_leaves_nothing_running(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    process = process_of(tmp_path, SLEEPER, ready=never)
    start = asyncio.create_task(process.start())
    await until(lambda: process.is_running)

    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start

    assert not process.is_running


async def test_a_killed_process_comes_back_until_stopped_on_purpose(tmp_path: Path) -> None:
    process = process_of(tmp_path, SLEEPER)
    failures: list[ProcessError] = []
    await process.start()
    first = process.pid
    keeping = asyncio.create_task(
        run_forever(process, backoff=AT_ONCE, on_failure=lambda error, _: failures.append(error))
    )

    os.kill(first, signal.SIGKILL)
    await until(lambda: process.pid != first and process.is_running)
    await process.stop()
    async with asyncio.timeout(10):
        await keeping

    assert [str(failure).split(";")[0] for failure in failures] == ["child ended with code -9"]
    assert not process.is_running


async def test_cancelling_the_supervision_stops_the_process(tmp_path: Path) -> None:
    process = process_of(tmp_path, SLEEPER)
    keeping = asyncio.create_task(run_forever(process))
    await until(lambda: process.spec.log.exists() and process.is_running)

    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping

    assert not process.is_running


def test_restart_delays_grow_to_a_limit() -> None:
    backoff = Backoff(first_seconds=1, longest_seconds=8)

    delays = [backoff.delay(failures) for failures in (1, 2, 3, 4, 5, 500)]

    for delay, plain in zip(delays, (1, 2, 4, 8, 8, 8), strict=True):
        assert 0.75 * plain <= delay <= 1.25 * plain


def test_a_large_log_moves_aside_while_the_process_writes(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", max_bytes=10)
    with log.open() as stream:
        stream.write(b"0123456789 too much")
        stream.flush()

        assert log.rotate()
        stream.write(b"next\n")

    assert log.path.read_bytes() == b"next\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"9 too much"
    assert not log.rotate()


async def test_a_taken_port_names_who_wanted_it_and_the_setting() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    async with server:
        with pytest.raises(PortBusy, match=rf"port {port} .* the web UI needs it.* --http-port"):
            await ensure_free(port, wanted_by="the web UI", setting="--http-port", patience=0)


async def test_a_port_that_becomes_free_in_time_is_accepted() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    waiting = asyncio.create_task(ensure_free(port, wanted_by="x", setting="y", patience=10))
    await asyncio.sleep(0)

    server.close()
    await waiting

    assert is_free(port)


def test_secrets_are_generated_once_and_new_ones_are_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = Secrets.load_or_create(path)
    text = path.read_text()
    path.write_text(text.replace('"signing_key"', '"unknown_to_this_version"'))

    second = Secrets.load_or_create(path)

    assert second.postgres_admin == first.postgres_admin
    assert second.signing_key != first.signing_key
    assert Secrets.load_or_create(path) == second
    assert "unknown_to_this_version" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_refused_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")

    with pytest.raises(SecretFileDamaged, match="restore it"):
        Secrets.load_or_create(path)
    assert path.read_text() == "{"


def test_secrets_do_not_show_in_their_representation() -> None:
    secrets = Secrets()

    assert secrets.s3_root not in repr(secrets)
