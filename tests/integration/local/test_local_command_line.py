"""The launcher as it is called from a shell."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import eventually
from tools.local.__main__ import main
from tools.local.ports import free_port

PORTS = ("api", "nats", "postgres", "s3", "s3-metrics", "streamer", "health")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["up", "--seconds", "30"], "--seconds belongs to `demo`"),
        (["demo", "--seconds", "nan"], "argument --seconds: 'nan' is no number"),
        (["up", "--api-port", "99999"], "argument --api-port: '99999' is no number from 1"),
        (["up", "--recorders", "0"], "argument --recorders: '0' is no number from 1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    arguments: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # `up --seconds` switched every camera's recording off and on; a port too high was a traceback.
    monkeypatch.setattr(sys, "argv", ["tools.local", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def call(command: str, data: Path) -> subprocess.Popen[str]:
    ports = (word for name in PORTS for word in (f"--{name}-port", str(free_port())))
    return subprocess.Popen(
        (sys.executable, "-m", "tools.local", command, "--data", str(data), *ports),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_ctrl_c_while_it_starts_is_no_failure(reachable_dir: Path) -> None:
    # The terminal sends it to the commands of the start as well: what they met was told as an
    # error, with their traceback.
    with call("up", reachable_dir) as launcher:
        assert launcher.stdout is not None
        said = ""
        while "declaring streams" not in said:
            line = launcher.stdout.readline()
            assert line, said
            said += line
        os.killpg(launcher.pid, signal.SIGINT)
        said += launcher.stdout.read()

    assert "failed" not in said
    assert "Traceback" not in said
    assert launcher.returncode in {0, 130}  # 0: it had started before it was given up


async def test_ctrl_c_during_a_command_ends_it_without_a_traceback(reachable_dir: Path) -> None:
    # Only `up` and `demo` took it for what it is.
    with call("key", reachable_dir) as launcher:
        assert launcher.stdout is not None
        await eventually((reachable_dir / "secrets.json").exists)
        os.killpg(launcher.pid, signal.SIGINT)
        said = launcher.stdout.read()

    assert said == ""
    assert launcher.returncode == 130
