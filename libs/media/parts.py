"""The Muxer: packets of one camera session in, finished parts out (sans-I/O).

Every packet becomes a sample of exactly one part or is counted; a part is never changed after it
was returned.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from av.error import FFmpegError

from libs.media import nal
from libs.media.init_segment import ParameterSetsMissingError, build_init
from libs.media.moof import Samples, build_moof
from libs.media.packets import (
    VIDEO_TIMESCALE,
    AudioTrack,
    Break,
    InitSegment,
    Packet,
    Part,
    TrackKind,
    TrackRun,
    VideoTrack,
)
from libs.media.sound_queue import SoundQueue
from libs.media.timeline import (
    SESSION_START_SECONDS,
    ArrivalEstimate,
    TrackClock,
    nominal_video_step,
)

VIDEO_TRACK_ID = 1
_LONGEST_FRAME_90K = 10 * VIDEO_TIMESCALE  # a longer silence ends the recording
_LARGEST_REORDER_90K = 10 * VIDEO_TIMESCALE
_MOST_HELD = 64
_UNEVENNESS = 0.05
_LONGEST_HOLD_SECONDS = 2.0


class _ClosedRun(NamedTuple):
    """The video samples of a part that waits for its audio."""

    init: InitSegment
    decode_times: list[int]
    end: int
    offsets: list[int]
    samples: list[nal.AccessUnit]
    is_keyframe_start: bool
    starts_after: Break | None
    camera_time: float | None  # Unix seconds of the first frame
    ends_gop: bool


def part_target(wanted_seconds: float, fps: float | None) -> float:
    """Return how long parts may be so that whole frames fill them well, in seconds.

    RFC 8216bis, section 4.4.4.9: a part lasts at most the target and at least 85 % of it. 5 %, and
    no more than half a frame, are for cameras whose timestamps are not even.
    """
    if not fps or not 0.5 <= fps <= 240:
        return wanted_seconds * (1 + _UNEVENNESS)
    frames = max(1, round(wanted_seconds * fps))
    return frames / fps + min(_UNEVENNESS * frames, 0.5) / fps


def _wall_minus_monotonic() -> float:
    return time.time() - time.monotonic()


class Muxer:
    """Cuts one session's packets into parts. `audio` is AAC already, or None.

    A part begins at every keyframe, and where it would grow beyond `part_target_seconds`; only a
    single frame that lasts longer makes a longer part. The last frame of a part needs the next
    frame's decode time, so a part is returned one frame late, and when its audio lags up to 1 s
    later.
    """

    def __init__(
        self,
        video: VideoTrack,
        audio: AudioTrack | None,
        *,
        part_target_seconds: float = 0.2,
        wall_minus_monotonic: Callable[[], float] = _wall_minus_monotonic,
    ) -> None:
        self.skipped_video = 0  # before the first keyframe, or without any picture in it
        self.failed_inits = 0  # keyframes whose parameter sets could not be read

        self._video = video
        self._audio_track = audio
        self._target = int(part_target_seconds * VIDEO_TIMESCALE)
        self._wall_minus_monotonic = wall_minus_monotonic
        self._sequence = 0

        # Timeline
        self._arrivals = ArrivalEstimate()
        self._clock = TrackClock(
            video.time_base, VIDEO_TIMESCALE, nominal_video_step(video.fps), self._arrivals
        )
        self._audio = SoundQueue(audio, self._clock, self._arrivals) if audio else None
        self._ticks_to_90k = video.time_base * VIDEO_TIMESCALE
        self._reorder_ticks = 0  # pts minus dts of the first keyframe, taken out of all offsets
        self._held: list[Packet] = []
        self._is_started = False

        # Parameters
        self._init: InitSegment | None = None
        self._sets: tuple[bytes, ...] = ()
        self._break: Break | None = Break.SESSION_START  # said by the next part with a keyframe

        # Open part
        self._open_init: InitSegment | None = None
        self._decode_times: list[int] = []
        self._offsets: list[int] = []
        self._samples: list[nal.AccessUnit] = []
        self._is_keyframe_start = False
        self._starts_after: Break | None = None
        self._camera_time: float | None = None

        # Closed parts
        self._closed: deque[_ClosedRun] = deque()
        self._gop_start = 0

    @property
    def is_waiting(self) -> bool:
        """Whether a finished part waits for its audio only."""
        return bool(self._closed)

    @property
    def dropped_audio(self) -> int:
        """Audio frames that came after the keyframe which they precede, or too many at once."""
        return self._audio.dropped if self._audio else 0

    @property
    def skipped_audio(self) -> int:
        """Audio frames from before the first keyframe."""
        return self._audio.skipped if self._audio else 0

    @property
    def timestamp_adjustments(self) -> int:
        """Packets whose camera timestamp could not be followed, both tracks."""
        return self._clock.adjustments + (self._audio.clock.adjustments if self._audio else 0)

    @property
    def timestamp_jumps(self) -> int:
        """Times that a track was anchored anew, both tracks."""
        return self._clock.jumps + (self._audio.clock.jumps if self._audio else 0)

    @property
    def frozen_packets(self) -> int:
        """Packets that repeated the timestamp before, both tracks."""
        return self._clock.frozen_packets + (self._audio.clock.frozen_packets if self._audio else 0)

    def push(self, packet: Packet) -> list[Part]:
        """Take the next packet in order of arrival; returns the parts that it completed."""
        if packet.track is TrackKind.AUDIO:
            if self._audio is not None:
                self._audio.push(packet)
        elif self._is_started:
            self._push_video(packet, packet.dts)
        else:
            self._hold(packet)
        return self._finished() if self._closed else []

    def flush(self) -> list[Part]:
        """End the session: the parts that remain, the last frame as long as is usual."""
        if self._held:
            self._start()
        if self._decode_times:
            end = self._decode_times[-1] + self._clock.nominal
            if len(self._decode_times) > 1 and end - self._decode_times[0] > self._target:
                self._close(len(self._decode_times) - 1, self._decode_times[-1])
            self._close(len(self._decode_times), end)
        parts = [self._finish(closed) for closed in self._closed]
        self._closed.clear()
        if self._audio is not None:
            self._audio.drop_rest()
        return parts

    # Start

    def _hold(self, packet: Packet) -> None:
        """Keep what follows the first keyframe until a timestamp appears."""
        if not self._held and not self._is_keyframe(packet):
            self.skipped_video += 1
            return
        self._held.append(packet)
        waited = packet.arrived_monotonic - self._held[0].arrived_monotonic
        is_timed = packet.dts is not None
        if is_timed or len(self._held) >= _MOST_HELD or waited > _LONGEST_HOLD_SECONDS:
            self._start()

    def _is_keyframe(self, packet: Packet) -> bool:
        return packet.is_key or nal.convert(self._video.codec, packet.data).is_random_access

    def _start(self) -> None:
        """Anchor the session at the first keyframe, counting back from the first time known."""
        held, self._held = self._held, []
        ticks = [packet.dts for packet in held]
        last = ticks[-1]
        if last is not None:
            step = round(self._clock.nominal / self._ticks_to_90k)
            ticks = [last - (len(held) - 1 - at) * step for at in range(len(held))]
        first = ticks[0] or 0
        pts = held[0].pts
        if pts is not None and 0 <= (pts - first) * self._ticks_to_90k <= _LARGEST_REORDER_90K:
            self._reorder_ticks = pts - first
        self._clock.start(first + self._reorder_ticks, SESSION_START_SECONDS * VIDEO_TIMESCALE)
        for packet, dts in zip(held, ticks, strict=True):
            self._push_video(packet, dts)
        if self._init is None:
            return  # no parameter sets yet: wait for the next keyframe
        self._is_started = True
        if self._audio is not None:
            self._audio.start()

    # Video

    def _push_video(self, packet: Packet, dts: int | None) -> None:
        unit = nal.convert(self._video.codec, packet.data)
        is_key = packet.is_key or unit.is_random_access
        if is_key:
            self._renew_init(packet, unit)
        if self._init is None or not unit.size:
            self.skipped_video += 1
            return
        clock = self._clock
        arrived = packet.arrived_monotonic
        before = clock.last
        at = clock.place(None if dts is None else dts + self._reorder_ticks, arrived)
        self._arrivals.observe(arrived, at / VIDEO_TIMESCALE)
        if self._break is None and (clock.jumped or at - before > _LONGEST_FRAME_90K):
            self._break = Break.TIMESTAMP_JUMP
        if self._decode_times:
            self._cut(at, is_key)
        if not self._decode_times:
            self._open(packet, is_key)
        self._decode_times.append(at)
        self._offsets.append(self._composition_offset(packet.pts, dts))
        self._samples.append(unit)

    def _renew_init(self, packet: Packet, unit: nal.AccessUnit) -> None:
        codec = self._video.codec
        known = self._sets or nal.parameter_sets(codec, self._video.extradata)
        sets = nal.merge_parameter_sets(codec, known, unit.parameter_sets)
        if self._init is not None and sets == self._sets:
            return
        try:
            described = replace(self._video, extradata=nal.to_annex_b(codec, sets))
            init = build_init(described, self._audio_track, packet.data)
        except (FFmpegError, ParameterSetsMissingError):
            self.failed_inits += 1
            return
        self._sets = sets
        if self._init is not None and init.sha256 != self._init.sha256:
            self._break = Break.PARAMETERS_CHANGED
        self._init = init

    def _composition_offset(self, pts: int | None, dts: int | None) -> int:
        if pts is None or dts is None:
            return 0
        offset = pts - dts - self._reorder_ticks
        if not offset:
            return 0
        scaled = int(offset * self._ticks_to_90k)
        # pts and dts that stand on different sides of a jump say nothing
        return scaled if abs(scaled) < _LARGEST_REORDER_90K else 0

    # Parts

    def _open(self, packet: Packet, is_key: bool) -> None:
        self._open_init = self._init
        self._is_keyframe_start = is_key
        self._starts_after = None
        self._camera_time = None
        if packet.camera_time_us is not None:
            self._camera_time = packet.camera_time_us / 1e6
        if is_key:
            self._starts_after, self._break = self._break, None

    def _cut(self, at: int, is_key: bool) -> None:
        """Close what a frame at `at` completes."""
        times = self._decode_times
        end = at
        if is_key and self._break is not None and at - times[-1] > _LONGEST_FRAME_90K:
            end = times[-1] + self._clock.nominal  # a hole between recordings, not a still picture
        if len(times) > 1 and end - times[0] > self._target:
            # the last frame lasts longer than was expected: it gets a part of its own
            self._close(len(times) - 1, times[-1])
        if is_key or at + self._clock.nominal - times[0] > self._target:
            self._close(len(times), end, ends_gop=is_key)

    def _close(self, count: int, end: int, *, ends_gop: bool = False) -> None:
        """Close the first `count` frames; those behind begin the next part."""
        assert self._open_init is not None
        self._closed.append(
            _ClosedRun(
                self._open_init,
                self._decode_times[:count],
                end,
                self._offsets[:count],
                self._samples[:count],
                self._is_keyframe_start,
                self._starts_after,
                self._camera_time,
                ends_gop,
            )
        )
        del self._decode_times[:count], self._offsets[:count], self._samples[:count]
        self._is_keyframe_start = False
        self._starts_after = None
        self._camera_time = None

    def _finished(self) -> list[Part]:
        """Closed parts whose audio is complete, in order."""
        parts = []
        newest = self._clock.last
        while self._closed:
            if self._audio is not None and not self._audio.is_complete(self._closed[0].end, newest):
                break
            parts.append(self._finish(self._closed.popleft()))
        return parts

    def _finish(self, run: _ClosedRun) -> Part:
        start = run.decode_times[0]
        if run.is_keyframe_start:
            self._gop_start = start
        following = [*run.decode_times[1:], run.end]
        tracks = [
            Samples(
                track_id=VIDEO_TRACK_ID,
                base_decode_time=start,
                durations=[
                    after - at for at, after in zip(run.decode_times, following, strict=True)
                ],
                sizes=[sample.size for sample in run.samples],
                composition_offsets=run.offsets if any(run.offsets) else None,
                first_is_sync=run.is_keyframe_start,
                others_are_sync=False,
            )
        ]
        timescales = [VIDEO_TIMESCALE]
        payload = [piece for sample in run.samples for piece in sample.pieces]
        sound = self._audio.take(self._gop_start, run.end) if self._audio is not None else None
        if sound is not None and self._audio_track is not None:
            tracks.append(sound[0])
            timescales.append(self._audio_track.sample_rate)
            payload += sound[1]
        self._sequence += 1
        header, tfdt_offsets = build_moof(self._sequence, tracks)
        captured = self._arrivals.arrival_of(start / VIDEO_TIMESCALE)
        skew = None
        if run.camera_time is not None:
            skew = run.camera_time - captured - self._wall_minus_monotonic()
        return Part(
            init=run.init,
            data=b"".join([header, *payload]),
            runs=tuple(
                TrackRun(
                    track.track_id, scale, track.base_decode_time, sum(track.durations), offset
                )
                for track, scale, offset in zip(tracks, timescales, tfdt_offsets, strict=True)
            ),
            start_90k=start,
            duration_90k=run.end - start,
            is_keyframe_start=run.is_keyframe_start,
            captured_monotonic=captured,
            camera_skew_seconds=skew,
            starts_after=run.starts_after,
            ends_gop=run.ends_gop,
        )
