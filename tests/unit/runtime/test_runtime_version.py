"""The version stands in one place; package files cannot read it, so they are compared."""

import tomllib
from pathlib import Path

from libs.runtime.version import VERSION

ROOT = Path(__file__).resolve().parents[3]


def test_every_package_file_says_the_version_of_the_code() -> None:
    files = [ROOT / "pyproject.toml", *ROOT.glob("libs/*/pyproject.toml")]
    files += ROOT.glob("services/*/pyproject.toml")

    found = {tomllib.loads(file.read_text())["project"]["version"] for file in files}

    assert found == {VERSION}
    assert len(files) > 8
