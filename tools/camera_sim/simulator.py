"""Several simulated cameras and devices in one process."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.camera_sim.camera import Camera, load_tracks
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_encode import Progress
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.control import ControlServer
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.rtp_track import RtpTrack
from tools.camera_sim.tls import self_signed_context


class CameraSimulator:
    """An async context manager; inside it all cameras and devices are on air.

    `control_port` opens the HTTP control port, 0 chooses one; `clips_dir` keeps encoded clips.
    With `discovery_port` the devices answer WS-Discovery there, on the loopback interface.
    """

    def __init__(
        self,
        specs: Sequence[CameraSpec],
        *,
        devices: Sequence[DeviceSpec] = (),
        clips_dir: Path | None = None,
        control_port: int | None = None,
        discovery_port: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.devices: dict[str, SimulatedDevice] = {}
        self._device_specs, self._discovery_port = devices, discovery_port
        self._on_air = contextlib.AsyncExitStack()
        self.cameras: dict[str, Camera] = {}
        self._specs, self._clips_dir, self._progress = specs, clips_dir, progress
        self._control = (
            None
            if control_port is None
            else ControlServer(self.cameras, control_port, devices=self.devices)
        )
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
        ready = await self._load_clips()
        for spec in self._specs:
            tls = self_signed_context() if spec.tls else None
            tracks = ready[spec.clip, spec.max_payload_bytes]
            camera = Camera(spec, tracks, self._clips_dir, tls)
            self.cameras[spec.name] = camera
            await camera.listen()
            self._tasks.append(asyncio.create_task(camera.run(), name=f"camera {spec.name}"))
        for device_spec in self._device_specs:
            device = SimulatedDevice(self._with_urls(device_spec))
            self.devices[device_spec.name] = await self._on_air.enter_async_context(device)
        if self._discovery_port is not None:
            from tools.camera_sim.devices.ws_discovery import DiscoveryResponder

            responder = DiscoveryResponder(list(self.devices.values()), port=self._discovery_port)
            await self._on_air.enter_async_context(responder)
        if self._control:
            await self._control.listen()

    def _with_urls(self, spec: DeviceSpec) -> DeviceSpec:
        """The device with the addresses of the cameras that its channels name."""

        def resolved(url: str) -> str:
            kind, _, name = url.partition(":")
            return self.cameras[name].plain_url if kind == "camera" else url

        def channel(given: ChannelSpec) -> ChannelSpec:
            sub_url = None if given.sub_url is None else resolved(given.sub_url)
            return replace(given, main_url=resolved(given.main_url), sub_url=sub_url)

        return replace(spec, channels=tuple(channel(given) for given in spec.channels))

    async def _load_clips(self) -> dict[tuple[ClipSpec, int], list[RtpTrack]]:
        """All clips at once, since an encoder uses one core; `progress` hears their mean."""
        shares: dict[ClipSpec, float] = {}

        def note(clip: ClipSpec, share: float) -> None:
            shares[clip] = share
            if self._progress:
                self._progress(sum(shares.values()) / len(shares))

        keys = list({(spec.clip, spec.max_payload_bytes): None for spec in self._specs})
        loads = (
            load_tracks(clip, self._clips_dir, size, partial(note, clip)) for clip, size in keys
        )
        return dict(zip(keys, await asyncio.gather(*loads), strict=True))

    async def _stop(self) -> None:
        if self._control:
            await self._control.close()
        await self._on_air.aclose()
        for camera in self.cameras.values():
            await camera.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
