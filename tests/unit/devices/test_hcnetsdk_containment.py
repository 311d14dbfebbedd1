import ast
import io
import sys
from pathlib import Path

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk import frames
from libs.devices.hcnetsdk.client import SdkWorker

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "libs/devices/hcnetsdk"


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def files_of(module: str) -> set[Path]:
    """Our own files that a module imports, with itself."""
    waiting, seen = [ROOT / (module.replace(".", "/") + ".py")], set[Path]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        ours = (ROOT / (name.replace(".", "/") + ".py") for name in imports_of(path))
        waiting += [each for each in ours if each.exists()]
    return seen


def test_only_the_worker_loads_a_library() -> None:
    loading = {
        path
        for folder in ("libs", "services")
        for path in (ROOT / folder).rglob("*.py")
        if any(
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"ctypes.CDLL", "CDLL", "ctypes.cdll.LoadLibrary"}
            and ast.unparse(node) != "ctypes.CDLL(None)"  # what the process has loaded anyway
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }

    assert loading == {PACKAGE / "worker.py"}


def test_the_main_process_never_imports_the_worker() -> None:
    assert PACKAGE / "worker.py" not in files_of("libs.devices.hcnetsdk.driver")


def test_the_worker_needs_nothing_but_the_standard_library() -> None:
    names = {
        name.partition(".")[0]
        for path in files_of("libs.devices.hcnetsdk.worker")
        for name in imports_of(path)
    }

    assert names - {"libs"} <= sys.stdlib_module_names


@pytest.mark.parametrize("library", [None, Path("libhcnetsdk.so")])
async def test_without_an_absolute_path_the_operator_learns_what_to_set(
    library: Path | None,
) -> None:
    worker = SdkWorker(library)

    with pytest.raises(DeviceError, match="EVERFRAME_DISCOVERY_HCNETSDK_LIBRARY") as caught:
        await worker.call("time", device="d", timeout_seconds=1)

    assert caught.value.reason is FailureReason.UNSUPPORTED
    assert worker.pid is None
    await worker.aclose()


def test_a_message_comes_through_the_pipe_as_it_was() -> None:
    pipe = io.BytesIO(frames.encode({"id": 1, "text": "前门"}) + frames.encode({"id": 2}))

    assert frames.read(pipe) == {"id": 1, "text": "前门"}
    assert frames.read(pipe) == {"id": 2}
    assert frames.read(pipe) is None


def test_a_message_cut_off_is_the_end() -> None:
    assert frames.read(io.BytesIO(frames.encode({"id": 1})[:-1])) is None


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\2xx"])
def test_garbage_on_the_pipe_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        frames.read(io.BytesIO(raw))
