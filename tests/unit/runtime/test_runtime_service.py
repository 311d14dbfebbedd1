"""The frame of a service process: signals, grace, errors, supervision."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from libs.runtime.service import EXIT_GRACE_EXCEEDED, FatalError, leaves, supervise

SCRIPT = """
import asyncio, os, signal, sys, threading, time
from libs.runtime.service import FatalError, run_service
from libs.runtime.settings import ServiceSettings

settings = ServiceSettings(log_format="json", shutdown_grace_seconds={grace})

def stop_me(number):
    os.kill(os.getpid(), number)

async def main(stop):
{body}

run_service("sample", settings, main)
"""


def run(body: str, *, grace: float = 10.0) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, log lines and the rest of stderr."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    environ = {k: v for k, v in os.environ.items() if not k.startswith("EVERFRAME_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(grace=grace, body=indented)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environ,
    )
    texts = done.stderr.splitlines()
    logs = [json.loads(line) for line in texts if line.startswith("{")]
    return done.returncode, logs, "\n".join(t for t in texts if not t.startswith("{"))


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_asks_the_service_to_stop(number: str):
    code, logs, rest = run(f"stop_me(signal.{number})\nawait stop.wait()")

    assert (code, rest) == (0, "")
    assert [line["event"] for line in logs] in ([], ["service.stopping"])


def test_a_service_that_ends_by_itself_has_succeeded():
    assert run("await asyncio.sleep(0)") == (0, [], "")


def test_a_fatal_error_is_one_line_and_exit_code_one():
    code, logs, rest = run('raise FatalError("set the thing")')

    assert (code, rest) == (1, "")
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("service.failed", "set the thing")
    ]


def test_a_fatal_error_is_found_inside_task_groups():
    code, logs, rest = run(
        "async def fail():\n"
        '    raise FatalError("inside")\n'
        "async with asyncio.TaskGroup() as outer:\n"
        "    async with asyncio.TaskGroup() as inner:\n"
        "        inner.create_task(fail())\n"
    )

    assert (code, rest) == (1, "")
    assert logs[0]["reason"] == "inside"


def test_a_bug_ends_with_its_traceback():
    code, _, rest = run('raise KeyError("a bug")')

    assert code == 1
    assert "KeyError: 'a bug'" in rest


def test_a_service_that_does_not_stop_in_time_is_ended():
    code, logs, _ = run("stop_me(signal.SIGTERM)\nawait asyncio.sleep(3600)", grace=0.1)

    assert code == EXIT_GRACE_EXCEEDED
    assert "service.stop_timed_out" in [line["event"] for line in logs]


def test_a_blocked_thread_cannot_keep_the_process():
    # The interpreter waited for its worker threads, for ever.
    code, _, _ = run(
        "stop_me(signal.SIGTERM)\nawait asyncio.to_thread(threading.Event().wait)", grace=0.1
    )

    assert code == EXIT_GRACE_EXCEEDED


def test_leaves_are_found_in_any_depth():
    a, b, c = FatalError("a"), KeyError("b"), OSError("c")

    assert leaves(
        BaseExceptionGroup("x", [a, BaseExceptionGroup("y", [b, ExceptionGroup("z", [c])])])
    ) == [a, b, c]


# ---- supervision ------------------------------------------------------------------------------
async def test_a_failing_task_is_tried_again_until_cancelled():
    tries: list[int] = []
    reached = asyncio.Event()

    async def once() -> None:
        tries.append(len(tries))
        if len(tries) == 3:
            reached.set()
            await asyncio.Event().wait()
        raise OSError("broken")

    with capture_logs() as logs:
        task = asyncio.create_task(supervise("sample", once, max_delay_seconds=0.01))
        async with asyncio.timeout(10):
            await reached.wait()
        task.cancel()
        await asyncio.wait([task])

    assert task.cancelled()
    assert [(e["event"], e["task"], e["reason"]) for e in logs] == [
        ("task.failed", "sample", "broken")
    ] * 2


async def test_a_task_that_returns_is_started_again():
    tries: list[int] = []
    reached = asyncio.Event()

    async def once() -> None:
        tries.append(1)
        if len(tries) == 3:
            reached.set()

    task = asyncio.create_task(supervise("sample", once, max_delay_seconds=0.01))
    async with asyncio.timeout(10):
        await reached.wait()
    task.cancel()
    await asyncio.wait([task])

    assert len(tries) >= 3
