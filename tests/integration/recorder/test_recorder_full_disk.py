"""A spool on a disk that is really full."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MOUNT = 'mount -t tmpfs -o size=512k,nr_inodes=2000 spool "$0" && exec "$@"'
OWN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT)


@pytest.fixture
def full_disk(tmp_path: Path) -> Path:
    """A folder on which a small file system can be mounted, seen by the test's process alone."""
    try:
        tried = subprocess.run([*OWN_NAMESPACE, str(tmp_path), "true"], check=False, timeout=20)
    except FileNotFoundError:
        pytest.skip("no unshare command")
    if tried.returncode:
        pytest.skip("mounting in a namespace of one's own is not permitted")
    return tmp_path


def run(what: str, folder: Path) -> dict[str, Any]:
    script = (sys.executable, "-m", "tests.integration.recorder.recorder_full_disk", what)
    done = subprocess.run(
        [*OWN_NAMESPACE, str(folder), *script, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_full_disk_ends_recordings_whole_and_new_ones_begin_when_there_is_room(full_disk: Path):
    found = run("writing", full_disk)

    assert found.pop("failures") > 0
    assert found.pop("finished") > 0
    assert found.pop("cut") > 0
    assert found == {
        "whole": True,
        "truthful": True,
        "works again": True,
        "left behind": [],
        "known": True,
    }


def test_a_recorder_that_starts_on_a_full_disk_makes_room_and_explains_everything(full_disk: Path):
    # Recovery could not save its sidecar, the process ended, and the disk stayed full for ever.
    found = run("starting", full_disk)

    assert found == {"unfinished at the start": 1, "explained": True, "recovered": True}
