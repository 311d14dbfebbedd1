"""Each service's own requirement file holds what it and its libraries import.

The shared environment of developers has everything, so a missing dependency shows only here.
"""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"libs", "services", "tools"}


def imports_of(path: Path) -> set[str]:
    """Full names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def closure(service: str) -> set[str]:
    """Third-party packages that a service can reach through our own modules."""
    waiting = list((ROOT / "services" / service).rglob("*.py"))
    seen: set[Path] = set()
    foreign: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imports_of(path):
            top = name.partition(".")[0]
            if top in OURS:
                module = ROOT / (name.replace(".", "/") + ".py")
                waiting += [module] if module.exists() else []
            elif top not in sys.stdlib_module_names:
                foreign.add(top)
    return foreign


def normal(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("service", ["api", "discovery", "recorder", "streamer"])
def test_a_service_requires_everything_that_it_imports(service: str) -> None:
    text = (ROOT / "requirements" / f"{service}.txt").read_text()
    required = {normal(name) for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}
    distributions = packages_distributions()

    imported = closure(service)

    assert {"structlog", "pydantic"} <= imported
    missing = {
        name
        for name in imported
        if not {normal(d) for d in distributions.get(name, [name])} & required
    }
    assert missing == set()
