"""Runs the simulator in a process of its own, so that it does not disturb what is tested."""

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.spec_json import specs_to_json

_ROOT: Final = Path(__file__).resolve().parents[2]
_STOP_SECONDS: Final = 10.0
_COMMAND_SECONDS: Final = 60.0  # a clip switch may encode first


class CameraProcess:
    """A context manager, plain or async; all methods but the async ones block shortly."""

    def __init__(
        self,
        specs: Sequence[CameraSpec],
        *,
        devices: Sequence[DeviceSpec] = (),
        clips_dir: Path | None = None,
        discovery_port: int | None = None,
        start_seconds: float = 120.0,
    ) -> None:
        self._specs, self._devices = specs, devices
        self._clips_dir, self._start_seconds = clips_dir, start_seconds
        self._discovery_port = discovery_port
        self._process: subprocess.Popen[str] | None = None
        self._ready: dict[tuple[str, str], dict[str, Any]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        import asyncio

        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.stop)

    @property
    def pid(self) -> int:
        """For a test that stops or kills it."""
        assert self._process is not None
        return self._process.pid

    def url(self, name: str) -> str:
        """A camera's address with user and password."""
        return str(self._ready["camera", name]["url"])

    def plain_url(self, name: str) -> str:
        """A camera's address without them."""
        return str(self._ready["camera", name]["plain_url"])

    def fault(self, name: str, kind: str, **arguments: Any) -> None:
        """Calls a method of `CameraFaults`. Raises ValueError with the simulator's reason."""
        self._request(f"/cameras/{name}/{kind}", json.dumps(arguments).encode())

    def status(self, name: str) -> dict[str, Any]:
        """`sessions`, `connections`, `online` of a camera."""
        cameras: list[dict[str, Any]] = self._request("/cameras", None)
        return next(camera for camera in cameras if camera["name"] == name)

    def device_url(self, name: str) -> str:
        """Base of a device's HTTP paths, without a login."""
        return str(self._ready["device", name]["url"])

    def device_port(self, name: str) -> int:
        """A device's HTTP port."""
        port = urlsplit(self.device_url(name)).port
        assert port is not None
        return port

    def device_fault(self, name: str, fault: str, value: object = None) -> None:
        """Sets a field of `DeviceFaults`, or does one of `clear`, `offline` and `online`.

        Raises ValueError with the simulator's reason.
        """
        path = f"/devices/{quote(name, safe='')}/{fault}"
        self._request(path, json.dumps({"value": value}).encode())

    def device_status(self, name: str) -> dict[str, Any]:
        """`online`, `connections`, `requests`, `attempts`, `rejected`, `open_finders`."""
        devices: list[dict[str, Any]] = self._request("/devices", None)
        return next(device for device in devices if device["name"] == name)

    def start(self) -> None:
        """Returns when everything is on air. Raises RuntimeError when it never is."""
        command = [sys.executable, "-m", "tools.camera_sim", "--specs", "-"]
        if self._clips_dir:
            command += ["--clips", str(self._clips_dir)]
        if self._discovery_port is not None:
            command += ["--discovery-port", str(self._discovery_port)]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(specs_to_json(self._specs, self._devices))
            self._process.stdin.close()
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the process, by force when it does not end by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        self._errors.close()

    def _await_ready(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        stdout = self._process.stdout
        count = len(self._specs) + len(self._devices)

        def read() -> None:
            with contextlib.suppress(ValueError):  # closed by stop
                for _ in range(count):
                    lines.put(stdout.readline())

        threading.Thread(target=read, name="camera-sim output", daemon=True).start()
        deadline = time.monotonic() + self._start_seconds
        for _ in range(count):
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = ""
            if not line:
                self._errors.seek(0)
                raise RuntimeError(f"the camera simulator did not start: {self._errors.read()}")
            ready = json.loads(line)
            self._ready[ready["kind"], ready["name"]] = ready

    def _request(self, path: str, body: bytes | None) -> Any:
        control = next(iter(self._ready.values()))["control"]
        try:
            with urllib.request.urlopen(control + path, body, _COMMAND_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from error
