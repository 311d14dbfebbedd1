"""Runs scripts of `tests/foreign` in the environment that has clients which others wrote.

They need one of their own: onvif-python and our onvif-zeep share an import name.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-foreign" / "bin" / "python"
RUN_SECONDS = 90.0

needs_foreign_clients = pytest.mark.skipif(
    not PYTHON.exists(), reason="the environment with foreign clients is not installed: make test"
)


async def run_foreign(script: str, *arguments: object) -> Any:
    """Return what the script prints as JSON; fails with what it says on stderr."""
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        *("-W", "ignore", str(ROOT / "tests" / "foreign" / script), *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return json.loads(out)
