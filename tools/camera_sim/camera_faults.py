"""What tests do to a camera; each method is also a command of the control port."""

import random
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tools.camera_sim.faults import FaultState

if TYPE_CHECKING:
    from tools.camera_sim.camera import Camera


class CameraFaults:
    """Where `seconds` is given, the fault ends by itself after that many real seconds.

    Calling a method again replaces what it did before.
    """

    def __init__(self, camera: "Camera") -> None:
        self._camera = camera
        self._state = camera.state

    # connections
    def drop(self, refuse_seconds: float | None = None) -> None:
        """Resets all connections, and those that come for a while."""
        if refuse_seconds:
            self._set(refuse_seconds, refuses=True)
        self._camera.drop_connections()

    def offline(self, seconds: float | None = None) -> None:
        """Closes the port and resets all connections: a reboot."""
        self._camera.stop_listening()
        self._camera.drop_connections()
        self._camera.plan("online", seconds, self.online)

    def vanish(self, seconds: float | None = None) -> None:
        """Closes the port, and says nothing any more on open connections: a cut cable."""
        self._camera.stop_listening()
        self._set(seconds, stalls=True, stalls_media_only=False)
        self._camera.plan("online", seconds, self.online)

    async def online(self) -> None:
        """Opens the port again."""
        await self._camera.listen()

    def stall(self, seconds: float | None = None, *, media_only: bool = False) -> None:
        """Keeps connections and sends nothing; with `media_only` requests are answered."""
        self._set(seconds, stalls=True, stalls_media_only=media_only)

    def garbage(self, size: int = 4096) -> None:
        """Puts random bytes between the packets."""
        self._camera.write_raw(random.Random(size).randbytes(size))

    # accounts
    def wrong_password(self, seconds: float | None = None) -> None:
        """Answers 401 to everybody, sessions that play go on."""
        self._camera.auth.rejects_all = True
        self._camera.plan("password", seconds, self._accept_password)

    def _accept_password(self) -> None:
        self._camera.auth.rejects_all = False

    # time
    def freeze_timestamps(self, seconds: float | None = None) -> None:
        """All packets carry the RTP time of this moment."""
        self._set(seconds, frozen_at=self._camera.feed.clock.now())

    def jump_timestamps(self, by_seconds: float) -> None:
        """Moves the RTP time, forwards or back, for good; NTP times stay true."""
        self._state.jump_seconds += by_seconds

    def step_clock(self, by_seconds: float) -> None:
        """Moves the NTP time of sender reports for good; RTP times go on."""
        self._state.clock_step_seconds += by_seconds

    def stop_rtcp(self, seconds: float | None = None) -> None:
        """No sender reports."""
        self._set(seconds, mutes_rtcp=True)

    # media
    def lose(
        self, probability: float = 0.0, packets: int = 0, seconds: float | None = None
    ) -> None:
        """Loses the next RTP packets (counted over all clients), or each with a probability."""
        self._state.lose_next = packets
        self._set(seconds, loss_probability=probability)

    def no_keyframes(self, seconds: float | None = None) -> None:
        """Leaves out every keyframe."""
        self._set(seconds, drops_keyframes=True)

    def mute_audio(self, seconds: float | None = None) -> None:
        """Stops the sound while the picture goes on."""
        self._set(seconds, mutes_audio=True)

    async def switch_clip(self, **changes: Any) -> None:
        """Changes fields of the clip; size, rate or B-frames change in band at a keyframe.

        Another codec or sound ends all sessions, since they were described differently. Returns
        when the new clip is ready, before it is on air. Raises TypeError on an unknown field.
        """
        camera = self._camera
        clip = replace(camera.clip, **changes)
        tracks = await camera.load(clip)
        before = [track.media.codec for track in camera.feed.tracks]
        camera.clip = clip
        if [track.media.codec for track in tracks] == before:
            camera.feed.switch_video(tracks[0])
        else:
            camera.drop_connections()
            camera.feed.replace(tracks)

    async def clear(self) -> None:
        """A healthy camera again, clip switches excepted."""
        self._camera.forget_plans()
        for field in fields(FaultState):
            setattr(self._state, field.name, field.default)
        self._accept_password()
        await self.online()

    def _set(self, seconds: float | None, **values: object) -> None:
        for name, value in values.items():
            setattr(self._state, name, value)
            default = getattr(FaultState(), name)
            self._camera.plan(name, seconds, partial(setattr, self._state, name, default))
