"""Several simulated cameras in one process."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.camera_sim.camera import Camera, load_tracks
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_encode import Progress
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.control import ControlServer
from tools.camera_sim.rtp_track import RtpTrack
from tools.camera_sim.tls import self_signed_context


class CameraSimulator:
    """An async context manager; inside it all cameras are on air.

    `control_port` opens the HTTP control port, 0 chooses one; `clips_dir` keeps encoded clips.
    """

    def __init__(
        self,
        specs: Sequence[CameraSpec],
        *,
        clips_dir: Path | None = None,
        control_port: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.cameras: dict[str, Camera] = {}
        self._specs, self._clips_dir, self._progress = specs, clips_dir, progress
        self._control = None if control_port is None else ControlServer(self.cameras, control_port)
        self._tasks: list[asyncio.Task[None]] = []

    def __getitem__(self, name: str) -> Camera:
        return self.cameras[name]

    @property
    def control_url(self) -> str | None:
        """Where commands go, see `control`."""
        return self._control.url if self._control else None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        ready: dict[tuple[ClipSpec, int], list[RtpTrack]] = {}
        for spec in self._specs:
            key = spec.clip, spec.max_payload_bytes
            if key not in ready:
                ready[key] = await load_tracks(*key[:1], self._clips_dir, key[1], self._progress)
            tls = self_signed_context() if spec.tls else None
            camera = Camera(spec, ready[key], self._clips_dir, tls)
            self.cameras[spec.name] = camera
            await camera.listen()
            self._tasks.append(asyncio.create_task(camera.run(), name=f"camera {spec.name}"))
        if self._control:
            await self._control.listen()

    async def _stop(self) -> None:
        if self._control:
            await self._control.close()
        for camera in self.cameras.values():
            await camera.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
